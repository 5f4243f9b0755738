import { defineErrors } from '../../errors.ts';

export const demoErrors = defineErrors({
  demo_readonly: { status: 403, title: 'The demo user cannot change anything.' },
});
