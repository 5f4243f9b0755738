import { defineErrors } from '../../errors.ts';

export const trustedDeviceErrors = defineErrors({
  trusted_device_not_found: { status: 404, title: 'You have no trusted device with this id.' },
});
