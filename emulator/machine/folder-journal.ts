/**
 * What folders of the host have answered, so that a past that is run again hears the same and changes nothing: each
 * operation is carried out once.
 */

import type { FolderResult, FolderService } from '../devices/virtio/folder-operation.ts';

export class FolderJournal {
  /** Answers of all folders, in order. */
  #results: FolderResult[] = [];
  /** How many there were up to the present position, since the machine began. */
  #done = 0;
  /** How many there had been before the first that is kept. */
  #before = 0;

  /** A folder that changes behind the machine's back. */
  keep(folder: FolderService): FolderService {
    return operation => {
      const known = this.#results[this.#done - this.#before];
      this.#done++;
      if (known) return known;
      const result = folder(operation);
      this.#results.push(result);
      return result;
    };
  }

  /** What was behind the present position will not happen. What it changed in folders stays. */
  forgetFuture(): void {
    this.#results.length = this.#done - this.#before;
  }

  save(): number {
    return this.#done;
  }

  restore(done: number): void {
    // Another machine's answers are not here: its past is not either.
    if (this.#results.length === 0) this.#before = done;
    this.#done = done;
  }

  /** The machine begins anew. */
  clear(): void {
    this.#results = [];
    this.#done = 0;
    this.#before = 0;
  }
}
