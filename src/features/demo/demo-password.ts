/** The password of the demo user, which is public. */
export const demoPassword = 'password123';
