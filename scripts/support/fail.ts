/** Ends the program with one clear sentence. */
export function fail(sentence: string): never {
  console.error(`\n  ${sentence}\n`);
  process.exit(1);
}
