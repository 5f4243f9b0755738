/** wrangler and the test pool hand an imported .sql file over as its text. */
declare module '*.sql' {
  const text: string;
  export default text;
}
