/** What a person should know about a mnemonic beyond its encodings: a paragraph and a few lines that use it. */
export interface MnemonicNote {
  /** Mnemonics as they are written; several where one paragraph is about all of them. */
  readonly mnemonics: readonly string[];
  readonly text: string;
  /** Lines of assembly, each of which assembles on its own. */
  readonly example: string;
}

/** A note; mnemonics are separated by spaces. */
export function note(mnemonics: string, text: string, example: string): MnemonicNote {
  return { mnemonics: mnemonics.split(' '), text, example };
}
