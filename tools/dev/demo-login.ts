/** Returns the line that tells how to sign in as the demo user; undefined unless `.dev.vars` enables the demo. */
export function demoLogin(devVars: Readonly<Record<string, string>>): string | undefined {
  return devVars.DEMO_MODE?.trim() === 'true' ? 'Demo login    demo@nexora.ai / password123' : undefined;
}
