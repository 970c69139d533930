/** Descriptors that are read straight from physical memory. */
import type { TableLevel } from './fault.ts';
import type { TranslationInputs } from './inputs.ts';
import type { DescriptorSource, WalkFailure } from './table-walk.ts';

export class PhysicalDescriptorSource implements DescriptorSource {
  low = 0;
  high = 0;
  physicalAddress = 0;
  physicalNonSecure = true;
  private readonly inputs: TranslationInputs;

  constructor(inputs: TranslationInputs) {
    this.inputs = inputs;
  }

  load(address: number, nonSecure: boolean, level: TableLevel): WalkFailure | undefined {
    this.physicalAddress = address;
    this.physicalNonSecure = nonSecure;
    const low = this.inputs.readWord(address, nonSecure);
    const high = this.inputs.readWord(address + 4, nonSecure);
    if (low === undefined || high === undefined) return { failed: true, kind: 'externalAbortOnWalk', level };
    this.low = low;
    this.high = high;
    return undefined;
  }
}
