import { defineErrors } from '../../errors.ts';

export const demoErrors = defineErrors({
  demo_readonly: { status: 403, title: 'The demo user can look around, and nothing more.' },
});
