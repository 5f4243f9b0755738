import type { Child } from 'hono/jsx';

/** A block of a page. With a title it is a section of its own, which a link can lead to by its id. */
export function Card({ id, title, children }: { readonly id?: string; title?: string; children?: Child }) {
  if (title === undefined) return <div class="card">{children}</div>;
  return (
    <section class="card" id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}

/** Something that went wrong, before everything else. */
export function Alert({ text }: { readonly text: string }) {
  return (
    <p class="alert" role="alert">
      {text}
    </p>
  );
}

export function Paragraphs({ texts }: { readonly texts: readonly string[] }) {
  return (
    <>
      {texts.map((text) => (
        <p>{text}</p>
      ))}
    </>
  );
}

/** A link that looks like a button. The address is of this service, or was checked. */
export function ButtonLink({ href, text, look }: { readonly href: string; text: string; look?: 'plain' }) {
  return (
    <a class={look === 'plain' ? 'button plain' : 'button'} href={href}>
      {text}
    </a>
  );
}

/** A link on a line of its own. */
export function LinkLine({ href, text }: { readonly href: string; readonly text: string }) {
  return (
    <p>
      <a href={href}>{text}</a>
    </p>
  );
}

/** A button that copies a text; only JavaScript shows it. */
export function CopyButton(props: { readonly text: string; readonly label: string; readonly done: string }) {
  return (
    <button type="button" class="plain" hidden data-copy={props.text} data-done={props.done}>
      {props.label}
    </button>
  );
}

/** A button that prints the page; only JavaScript shows it. */
export function PrintButton({ label }: { readonly label: string }) {
  return (
    <button type="button" class="plain" hidden data-print="">
      {label}
    </button>
  );
}

/** An address or a time with what it is, for a list. */
export function Entry({ title, notes, badge, isWarning, children }: EntryProps) {
  return (
    <li>
      <div>
        <p>
          <strong>{title}</strong>
          {badge && <span class={isWarning ? 'badge warn' : 'badge'}>{badge}</span>}
        </p>
        {notes.map((note) => note && <p class="muted">{note}</p>)}
      </div>
      {children}
    </li>
  );
}

interface EntryProps {
  readonly title: string;
  /** What is said below; what is not known is left out. */
  readonly notes: readonly (string | null)[];
  readonly badge?: string | undefined;
  readonly isWarning?: boolean;
  readonly children?: Child;
}
