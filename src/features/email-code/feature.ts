import type { Feature } from '../../feature.ts';
import { emailCodeReauthentication } from './reauthentication/email-code-reauthentication.ts';
import { routes } from './routes.ts';

export const feature: Feature = { routes, reauthentications: [emailCodeReauthentication] };
