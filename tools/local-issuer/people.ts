import { createHash } from 'node:crypto';

/** What somebody has said of themselves at the log-in page. */
export interface Person {
  readonly email: string;
  readonly isEmailVerified: boolean;
  /** Undefined when they left it out. */
  readonly name: string | undefined;
}

/** Those who have signed in at an issuer, with what they said the last time. */
export class People {
  readonly #bySubject = new Map<string, Person>();

  /** Returns the subject of the person. */
  remember(person: Person): string {
    const subject = subjectOf(person.email);
    this.#bySubject.set(subject, person);
    return subject;
  }

  find(subject: string): Person | undefined {
    return this.#bySubject.get(subject);
  }
}

function subjectOf(email: string): string {
  return createHash('sha256').update(email.toLowerCase()).digest('hex').slice(0, 32);
}
