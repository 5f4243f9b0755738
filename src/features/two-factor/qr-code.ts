/** What ISO/IEC 18004 asks for: without light modules around it, a symbol does not scan on a dark page. */
const quietZoneModules = 4;

/**
 * Draws a text as a QR code: an SVG image as a `data:` URI, black on white with its quiet zone. The image shows the text
 * to whoever reads it: for an `otpauth:` URI it is as secret as that. The library is loaded on first use.
 *
 * @throws RangeError when the text is longer than the largest symbol holds, which is 2953 bytes
 */
export async function qrCodeUri(text: string): Promise<string> {
  const { renderSVG } = await import('uqr');
  // One unit per module keeps the path short. More error correction is taken where it makes the symbol no larger.
  const svg = renderSVG(text, { border: quietZoneModules, pixelSize: 1, boostEcc: true });
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
