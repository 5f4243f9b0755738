/** How pages and mails look to belong to their service. */
export interface Brand {
  readonly name: string;
  /** Six hexadecimal digits behind `#`. */
  readonly color: string;
  /** A path of this service, or a `data:` image; null for a mark of the colour. */
  readonly logoUrl: string | null;
  readonly termsUrl: string | null;
  readonly privacyUrl: string | null;
  readonly supportUrl: string | null;
}

/** White or black, whichever is easier to read on the colour: at least 4.5 to 1 on any (WCAG 2.2, 1.4.3). */
export function readableOn(color: string): '#fff' | '#000' {
  const luminance = luminanceOf(color);
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? '#fff' : '#000';
}

/** Relative luminance (WCAG 2.2). */
function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
