/** What a User-Agent header says, as text for a list of devices. */
export interface Device {
  readonly browser: string | null;
  readonly os: string | null;
  /** `desktop`, `mobile`, `tablet`, `tv` ... */
  readonly type: string | null;
}

/**
 * Parses a User-Agent header. A session is parsed once, when it is opened, and stores the result, so that later
 * requests do not pay for it. The parser is loaded on first use.
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

/** Browser and system for people, who know a version by its first number; null where neither is known. */
export function deviceWords(device: Device | null): string | null {
  const browser = device?.browser?.replace(/ (\d+)(?:\.\d+)+$/, ' $1');
  return [browser, device?.os].filter((part) => part !== null && part !== undefined).join(', ') || null;
}

function wordsOf(name: string | undefined, version: string | undefined): string | null {
  if (!name) return null;
  return version ? `${name} ${version}` : name;
}

/**
 * Names the browser and the system for a mail, if the parser knows both names from its own list. For unknown browsers
 * the parser copies words from the header, and a mail must not contain text that a stranger chose (EML-11). Null when
 * neither is known.
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
