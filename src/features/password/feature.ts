import type { Feature } from '../../feature.ts';
import { passwordReauthentication } from './current-password/reauthenticate.ts';
import { routes } from './routes.ts';

export const feature: Feature = { routes, reauthentications: [passwordReauthentication] };
