/** Which options of a machine its saved state depends on. */
import type { MachineOptions } from './options.ts';
import { decodeSnapshot, SnapshotError } from './snapshot.ts';

/** Options that say what is in memory at power on, or how a run is driven: a state does not depend on them. */
const free: ReadonlySet<keyof MachineOptions> = new Set<keyof MachineOptions>([
  'kernel',
  'initrd',
  'append',
  'bios',
  'dtb',
  'flash',
  'loaders',
  'loaderValues',
  'starts',
  'guestModules',
  'deviceTreeSeeds',
  'fwCfg',
  'noReboot',
  'startPaused',
]);

/** What a snapshot's machine was made of. Throws `SnapshotError`. */
export function snapshotOptions(bytes: Uint8Array): MachineOptions {
  const { description } = decodeSnapshot(bytes);
  const options = (description as { options?: MachineOptions } | undefined)?.options;
  if (typeof options !== 'object' || options === null)
    throw new SnapshotError('the snapshot does not say of what machine');
  return options;
}

/** How machines differ so that one cannot take the other's state, in words. */
export function optionDifferences(saved: MachineOptions, here: MachineOptions): string[] {
  const names = new Set([...Object.keys(saved), ...Object.keys(here)]) as Set<keyof MachineOptions>;
  return [...names]
    .filter(name => !free.has(name) && text(saved[name]) !== text(here[name]))
    .map(name => `${words(name)} ${text(saved[name])} there and ${text(here[name])} here`);
}

const text = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));
/** `processingElements`: "processing elements". */
const words = (name: string): string => name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`);
