import { type Disposable, InlineValueEvaluatableExpression, languages, Range } from 'vscode';

/** General-purpose registers as they are written in assembly. */
const register = /(?<![\w.$])(?:[xw](?:[12]?\d|30)|w?sp|lr)(?![\w.$:])/gi;

/** While stopped in assembly, the values of the registers that the stopped line names stand behind it. */
export function registerInlineValues(): Disposable {
  const selector = [{ language: 'aarch64-asm' }, { pattern: '**/*.{s,S}' }];
  return languages.registerInlineValuesProvider(selector, {
    provideInlineValues(document, _viewPort, { stoppedLocation }) {
      const { start } = stoppedLocation;
      const code = document
        .lineAt(start.line)
        .text.replace(/\/\/.*|\/\*.*?\*\//g, comment => ' '.repeat(comment.length));
      const seen = new Set<string>();
      const values: InlineValueEvaluatableExpression[] = [];
      for (const { 0: name, index } of code.matchAll(register)) {
        if (seen.has(name.toLowerCase())) continue;
        seen.add(name.toLowerCase());
        const range = new Range(start.line, index, start.line, index + name.length);
        values.push(new InlineValueEvaluatableExpression(range, name));
      }
      return values;
    },
  });
}
