/** The line that says how to sign in as the demo user; undefined where `.dev.vars` does not turn the demo on. */
export function demoLogin(devVars: Readonly<Record<string, string>>): string | undefined {
  return devVars.DEMO_MODE?.trim() === 'true' ? 'Demo login    demo@nexora.ai / password123' : undefined;
}
