import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import type { AxeResults } from 'axe-core';
import type { Page, Response } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { turnOnTwoFactor } from '../support/node/authenticator.ts';
import { tourPages } from '../support/node/page-tour.ts';
import { registeredPages } from '../support/node/registered-pages.ts';
import { usePageService } from '../support/node/use-page-service.ts';
import {
  focusedField,
  freshEmail,
  hear,
  hearProblem,
  openVisitor,
  password,
  register,
  see,
  seeFocus,
  signOut,
  verify,
  visit,
} from '../support/node/visitor.ts';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const service = usePageService({ port: 25_787 });

/** One more than people with low vision zoom to: 1280 CSS pixels at 400 % (WCAG 2.2, 1.4.10). */
const narrow = { width: 320, height: 640 };
const firstLoadBytesMax = 20 * 1024;
/** What a keyboard must reach, in the order of the document. */
const operable = 'a[href], button:not([hidden]), input:not([type=hidden], [hidden])';

describe('every page', () => {
  test('has no barrier that axe finds, in light and dark, fits a narrow screen, and is reached whole by Tab (HDR-08)', async () => {
    const visitor = await openVisitor(service(), { bypassCSP: true });
    const { page } = visitor;
    const barriers: string[] = [];
    const visited = new Set<string>();
    page.on('request', (request) => visited.add(patternOf(new URL(request.url()))));
    await tourPages(service(), visitor, async (name) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        for (const barrier of await barriersOf(page)) barriers.push(`${name}, ${colorScheme}: ${barrier}`);
      }
      const size = page.viewportSize() ?? narrow;
      await page.setViewportSize(narrow);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > narrow.width) barriers.push(`${name}: ${width} pixels wide on a screen of ${narrow.width}`);
      await page.setViewportSize(size);
      for (const barrier of await keyboardBarriersOf(page)) barriers.push(`${name}: ${barrier}`);
    });
    const unvisited = (await registeredPages()).filter((path) => !visited.has(path));
    expect({ barriers, unvisited }).toEqual({ barriers: [], unvisited: [] });
  }, 180_000);

  test('is loaded by one request of at most 20 KiB', async () => {
    const visitor = await openVisitor(service());
    const { page, complaints, origin } = visitor;
    const further: string[] = [];
    const heavy: string[] = [];
    let answers: Response[] = [];
    page.on('request', (request) => {
      if (request.resourceType() !== 'document') further.push(request.url());
    });
    page.on('response', (response) => {
      const isOurs = response.url().startsWith(origin);
      if (isOurs && (response.status() < 300 || response.status() >= 400)) answers.push(response);
    });
    await tourPages(service(), visitor, async (name) => {
      const [shown] = answers.slice(-1);
      const bytes = shown === undefined ? Number.NaN : await transferredBytes(shown);
      if (!(bytes <= firstLoadBytesMax)) heavy.push(`${name}: ${bytes} bytes`);
      const icon = await page.locator('link[rel=icon]').getAttribute('href');
      if (!icon?.startsWith('data:')) further.push(`the icon of ${name}`);
      answers = answers.slice(-1);
    });
    expect(heavy).toEqual([]);
    expect(further).toEqual([]);
    expect(complaints).toEqual([]);
  }, 120_000);
});

describe('by the keyboard alone', () => {
  test('somebody signs in, reaches everything on a page with a visible focus, and sends a form', async () => {
    const person = await openVisitor(service());
    const { page, complaints } = person;
    const { keyboard } = page;
    const email = freshEmail();
    await register(person, email);
    await verify(person, email);
    const app = await turnOnTwoFactor(person);
    await signOut(person);
    await keyboard.type(email);
    await keyboard.press('Tab');
    await keyboard.type(password);
    await keyboard.press('Enter');
    await see(person, 'Second step');
    await keyboard.type(await app.code());
    await keyboard.press('Tab');
    await keyboard.press('Space');
    await keyboard.press('Enter');
    await see(person, 'Your account');

    await visit(person, '/account/security');
    const count = await page.locator(operable).count();
    expect(count).toBeGreaterThan(12);
    for (let index = 0; index < count; index++) {
      await keyboard.press('Tab');
      expect(await focusOn(page), `after ${index + 1} times Tab`).toEqual({
        ...{ index, isOutlined: true, isOnTop: true },
      });
    }

    // Past the navigation, and on to the form.
    await visit(person, '/account/security');
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    while ((await focusedField(person)) !== 'code') await keyboard.press('Tab');
    expect(new URL(page.url()).hash).toBe('#main');
    await keyboard.type(app.wrongCode());
    await keyboard.press('Enter');
    await hearProblem(person, 'The code is incorrect or was used before.');
    await seeFocus(person, 'code');
    await keyboard.type(await app.code());
    await keyboard.press('Enter');
    await hear(person, 'Two-factor authentication is off.');
    expect(complaints).toEqual([]);
  }, 90_000);
});

/** Where the focus is, whether it is seen, and whether anything hides its middle (WCAG 2.2, 2.4.7 and 2.4.11). */
function focusOn(page: Page) {
  return page.evaluate((selector) => {
    const focused = document.activeElement ?? document.body;
    const { outlineStyle, outlineWidth } = getComputedStyle(focused);
    // Of the first line: a link may go on in the next.
    const [line = focused.getBoundingClientRect()] = focused.getClientRects();
    const { x, y, width, height } = line;
    const onTop = document.elementFromPoint(x + width / 2, y + height / 2);
    return {
      index: [...document.querySelectorAll(selector)].indexOf(focused),
      isOutlined: outlineStyle === 'solid' && Number.parseFloat(outlineWidth) >= 2,
      isOnTop: focused.contains(onTop),
    };
  }, operable);
}

/** What Tab does not reach from the top in the order of the document, with a focus that is seen. */
async function keyboardBarriersOf(page: Page): Promise<string[]> {
  await page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute('tabindex');
  });
  const barriers: string[] = [];
  const count = await page.locator(operable).count();
  for (let index = 0; index < count; index++) {
    await page.keyboard.press('Tab');
    const focus = await focusOn(page);
    if (focus.index !== index || !focus.isOutlined || !focus.isOnTop)
      barriers.push(`after ${index + 1} times Tab ${JSON.stringify(focus)}`);
  }
  return barriers;
}

/** What axe finds, by every rule that is not an experiment. */
async function barriersOf(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>(
    'axe.run(document, { resultTypes: ["violations"] })',
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id} at ${html.slice(0, 200)}`));
}

/** What a first load transfers, compressed as Cloudflare does at least. */
async function transferredBytes(response: Response): Promise<number> {
  const headers = (await response.headersArray()).map(({ name, value }) => `${name}: ${value}\r\n`);
  return gzipSync(await response.body()).byteLength + headers.join('').length;
}

function patternOf({ pathname }: URL): string {
  return pathname.replace(/^(\/dev\/outbox)\/.+$/, '$1/:id');
}
