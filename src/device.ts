/** What a User-Agent header says, in words for a list of devices. */
export interface Device {
  readonly browser: string | null;
  readonly os: string | null;
  /** `desktop`, `mobile`, `tablet`, `tv` ... */
  readonly type: string | null;
}

/**
 * Reads a User-Agent header. For a session it is done once, when it is opened, and stored beside it: no later request
 * pays for it. The parser is loaded at its first use.
 */
export async function readDevice(userAgent: string | null): Promise<Device | null> {
  if (userAgent === null) return null;
  const { default: Bowser } = await import('bowser');
  const { browser, os, platform } = Bowser.parse(userAgent);
  const device = {
    browser: wordsOf(browser.name, browser.version),
    os: wordsOf(os.name, os.versionName ?? os.version),
    type: platform.type ?? null,
  };
  return Object.values(device).every((value) => value === null) ? null : device;
}

function wordsOf(name: string | undefined, version: string | undefined): string | null {
  if (!name) return null;
  return version ? `${name} ${version}` : name;
}
