/** The words behind `npm run conformance --` of the comparisons that need an ELF file. */
import { guestFile } from '../../../scripts/guests/folder.mjs';

const words = process.argv.slice(2);

/** The number behind an option, or another when the option is absent. */
export function option(name: string, otherwise: number): number {
  const at = words.indexOf(name);
  return at < 0 ? otherwise : Number(words[at + 1]);
}

/** The file named behind the comparison; the vmlinux of the Linux guest when none is. */
export function elfFile(): string {
  const [comparison, named] = words;
  if (named !== undefined && !named.startsWith('--')) return named;
  const vmlinux = guestFile('linux/vmlinux');
  if (vmlinux === undefined)
    throw new Error(`npm run guests -- dbg fetches a vmlinux; or name one: npm run conformance -- ${comparison} FILE`);
  return vmlinux;
}
