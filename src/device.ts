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

/**
 * A User-Agent header as a mail may tell of it: the names of browser and system, of those that the parser knows by
 * itself. For others it takes the words of the header, and a mail never holds words that a stranger has chosen (SECURITY
 * EML-11). Null where it knows neither.
 */
export async function nameDevice(userAgent: string | null): Promise<string | null> {
  if (userAgent === null) return null;
  const { default: Bowser } = await import('bowser');
  const { browser, os } = Bowser.parse(userAgent);
  const known = [knownName(browser.name, Bowser.BROWSER_MAP), knownName(os.name, Bowser.OS_MAP)];
  return known.filter((name) => name !== null).join(', ') || null;
}

function knownName(name: string | undefined, names: Readonly<Record<string, string>>): string | null {
  return Object.values(names).find((candidate) => candidate === name) ?? null;
}
