import decodeQrCode from 'jsqr';

/** The image that `qrCodeUri` draws, decoded: its width, and the path of the dark modules. */
export const image =
  /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 (\d+) \1"><rect fill="white" width="\1" height="\1"\/><path fill="black" d="((?:M\d+,\d+h1v1h-1z)+)"\/><\/svg>$/;
const pixelsPerModule = 4;
const pageMargin = 10;

/** The drawing in a URI: its width in modules, and the column and row of each dark one. */
export function readDrawing(uri: string): { width: number; dark: [column: number, row: number][] } {
  const [, width, path] = image.exec(decodeURIComponent(uri.slice(uri.indexOf(',') + 1))) ?? [];
  const squares = (path ?? '').matchAll(/M(\d+),(\d+)/g);
  return { width: Number(width), dark: [...squares].map(([, x, y]) => [Number(x), Number(y)]) };
}

/** Paints the drawing onto a black page and scans it, as a camera would that cannot invert. */
export function scan(uri: string): string | undefined {
  const { width, dark } = readDrawing(uri);
  const size = (width + 2 * pageMargin) * pixelsPerModule;
  const pixels = new Uint8ClampedArray(size * size * 4);
  const paint = (column: number, row: number, value: number) => {
    for (let y = 0; y < pixelsPerModule; y++) {
      const line = ((row + pageMargin) * pixelsPerModule + y) * size;
      const start = 4 * (line + (column + pageMargin) * pixelsPerModule);
      pixels.fill(value, start, start + 4 * pixelsPerModule);
    }
  };
  for (let row = 0; row < width; row++)
    for (let column = 0; column < width; column++) paint(column, row, 255);
  for (const [column, row] of dark) paint(column, row, 0);
  return decodeQrCode(pixels, size, size, { inversionAttempts: 'dontInvert' })?.data;
}
