import { describe, expect, test } from 'vitest';
import { mailTransports } from '../../src/config/mail.ts';
import { oneTimeTokenKinds } from '../../src/features/one-time-tokens/one-time-token.ts';
import { en } from '../../src/languages/en.ts';
import { mailLanguages } from '../../src/languages/mail-languages.ts';
import { linkPaths } from '../../src/mail/mail-kind.ts';
import { mailLimits } from '../../src/mail/mail-limits.ts';
import { codeIn, section, tableRows } from './documents.ts';
import { refusedVariables } from './minimal-env.ts';
import { sources } from './sources.ts';

const path = 'docs/mail.md';

/** The whole numbers in a text. */
function numbersIn(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}

function constantOf(file: string, name: string): number {
  const text = new RegExp(`\\bconst ${name} = ([\\d_]+);`).exec(sources[file] ?? '')?.[1] ?? '';
  return Number(text.replaceAll('_', '') || Number.NaN);
}

describe('docs/mail.md', () => {
  test('has one row for every kind of mail, with the page that its link leads to, and for no other', () => {
    const rows = tableRows(path, '## Which mails there are').slice(2);
    const told = rows.map(([kind, , , link]) => [codeIn(kind!)[0], codeIn(link!)[0]]);
    const expected = Object.keys(en.mails).map((kind) => [kind, (linkPaths as Record<string, string>)[kind]]);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(expected));
    expect(told).toHaveLength(expected.length);
  });

  test('has one row for every transport, and for no other', () => {
    const told = tableRows(path, '## Transports')
      .slice(2)
      .map(([transport]) => codeIn(transport!)[0]!);
    expect(told.toSorted()).toEqual(mailTransports.toSorted());
    expect(refusedVariables({ MAIL_TRANSPORT: told.join() })).toEqual(['MAIL_TRANSPORT']);
  });

  test('names every language', () => {
    const english = new Intl.DisplayNames('en', { type: 'language' });
    const [told = ''] =
      /^Mails are in the user's language[^:]*?\./m.exec(section(path, '## Which mails there are')) ?? [];
    for (const tag of Object.keys(mailLanguages)) expect(told).toContain(english.of(tag));
  });

  test('says the limits and times of the code', () => {
    expect(numbersIn(section(path, '## Limits'))).toEqual([
      ...[mailLimits.perKind, mailLimits.perKindForNewClient],
      ...[mailLimits.unverified.perDay, mailLimits.unverified.requestedPerDay],
      ...[mailLimits.unverified.noticesPerDay],
      ...[mailLimits.perClient, 429, mailLimits.locksPerDay],
    ]);
    const delivery = ['leaseMax', 'parallelMax', 'sendMs', 'runMs'].map((name) =>
      constantOf('src/mail/deliver-mails.ts', name),
    );
    const [claim, parallel, sendMs, runMs] = delivery as [number, number, number, number];
    expect(numbersIn(section(path, '## Delivery')).slice(0, 4)).toEqual([
      claim,
      parallel,
      sendMs / 1000,
      runMs / 1000,
    ]);
  });

  test('says how long links work', () => {
    // A challenge, a state and a code for an app are in no mail, and a code by mail is no link.
    const others = /challenge|email_code|oauth/;
    const links = Object.entries(oneTimeTokenKinds).filter(([kind]) => !others.test(kind));
    const hours = new Set(links.map(([, { ttlSeconds }]) => ttlSeconds / 3600));
    expect(hours).toEqual(new Set([1, 24, 7 * 24]));
    expect(section(path, '## Which mails there are')).toMatch(
      /24\s+hours.*\san\s+hour.*\sseven\s+days\.\s*$/s,
    );
  });
});
