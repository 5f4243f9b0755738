import type { FeatureExamples } from '../../support/feature-examples.ts';

export const examples: FeatureExamples = {
  routes: {
    'GET /api/auth/trusted-devices': { by: 'twoFactor', status: 200, roundTrips: 1 },
    'DELETE /api/auth/trusted-devices/:id': {
      ...{ by: 'twoFactor', status: 200, roundTrips: 1, statements: [4] },
      path: ({ twoFactor }) => `/api/auth/trusted-devices/${twoFactor.trustedDeviceId}`,
    },
  },
  sectionForms: {
    'trusted-devices': {
      forget: {
        ...{ isSensitive: false, visitor: 'twoFactor', status: 303 },
        ...{ location: '/account/security#trusted-devices', roundTrips: 1 },
        fields: ({ twoFactor }) => ({ id: twoFactor.trustedDeviceId }),
      },
    },
  },
  problems: {
    trusted_device_not_found: [
      404,
      (client, { accessToken }) =>
        client.call('DELETE', '/api/auth/trusted-devices/unknown', { bearer: accessToken }),
    ],
  },
};
