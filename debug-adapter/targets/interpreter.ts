/** The interpreter: made once in a process, from what the build left in the program or, before a build, from the rows. */
import { inflateRawSync } from 'node:zlib';
import { instructions } from '../../emulator/architecture/index.ts';
import { generateInterpreter, type Interpreter, loadInterpreter } from '../../emulator/index.ts';

/** Bytes that `generateInterpreter` gave, deflated, in base64: defined by `scripts/build.mjs`. */
declare const BUILT_INTERPRETER: string | undefined;

let interpreter: Interpreter | undefined;

export function theInterpreter(): Interpreter {
  if (!interpreter) {
    const bytes =
      typeof BUILT_INTERPRETER === 'string'
        ? new Uint8Array(inflateRawSync(Buffer.from(BUILT_INTERPRETER, 'base64')))
        : generateInterpreter(instructions);
    interpreter = loadInterpreter(bytes, instructions);
  }
  return interpreter;
}
