/** A configuration variable as data: how its text becomes a value, what it is without one, and what people read of it. */
export type Variable = {
  /** As it stands in the environment. */
  readonly name: string;
  /** Makes the value of a trimmed text that is not empty. Throws for a wrong one, whatever it likes: nobody reads it. */
  readonly parse: (text: string) => unknown;
  /** What it is for, as in its row of docs/configuration.md. */
  readonly meaning: string;
  /** Where it is stored: `wrangler secret put`, not `[vars]`. */
  readonly isSecret?: true;
} & (
  | { readonly isRequired: true }
  /** The text that it has when it is not set; null where nothing is known then. */
  | {
      readonly default: string | null;
      /** Where the default is made of another variable: how its row says that. */
      readonly defaultInWords?: string;
    }
);

/** Variables that the configuration has side by side, by the member that holds the value. */
export type Variables = Readonly<Record<string, Variable>>;

/** The values of such variables. */
export type ValuesOf<V extends Variables> = { readonly [Member in keyof V]: ValueOf<V[Member]> };

type ValueOf<V extends Variable> =
  | ReturnType<V['parse']>
  | (V extends { readonly default: null } ? null : never);
