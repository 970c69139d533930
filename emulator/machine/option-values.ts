/** The values of option words: lists of settings, switches, numbers and sizes. */

import { OptionError } from './options.ts';

export interface Setting {
  readonly key: string;
  readonly value: string;
}

/** Splits `a,b=c,d=e` at its commas (two commas stand for one); the first part may have a key left out. */
export function settings(text: string, firstKey?: string): Setting[] {
  const parts = text.split(/(?<!,),(?!,)/).map(part => part.replaceAll(',,', ','));
  return parts.map((part, index) => {
    const equals = part.indexOf('=');
    if (equals >= 0) return { key: part.slice(0, equals), value: part.slice(equals + 1) };
    return index === 0 && firstKey ? { key: firstKey, value: part } : { key: part, value: 'on' };
  });
}

export function onOff(word: string, { key, value }: Setting): boolean {
  if (['on', 'yes', 'true', 'y'].includes(value)) return true;
  if (['off', 'no', 'false', 'n'].includes(value)) return false;
  throw new OptionError(`${word} ${key}=${value}: say ${key}=on or ${key}=off`);
}

export function number(what: string, text: string): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new OptionError(`${what}: ${text} is not a number`);
  return value;
}

export function unsupported(word: string, { key, value }: Setting, supported: string): OptionError {
  return new OptionError(`${word} ${key}=${value} is not supported. Supported: ${supported}`);
}

/** Settings by name, of which each is known and given once. */
export class Settings {
  readonly #word: string;
  readonly #found = new Map<string, string>();

  /** @throws OptionError naming a setting that is not among `known` */
  constructor(word: string, list: readonly Setting[], known: readonly string[]) {
    this.#word = word;
    for (const setting of list) {
      if (!known.includes(setting.key)) throw unsupported(word, setting, known.join(', '));
      this.#found.set(setting.key, setting.value);
    }
  }

  get(key: string): string | undefined {
    return this.#found.get(key);
  }

  /** A setting that must be there. */
  need(key: string, example: string): string {
    const value = this.#found.get(key);
    if (value === undefined || value === '') throw new OptionError(`${this.#word}: ${key}=${example} is missing`);
    return value;
  }

  flag(key: string, otherwise = false): boolean {
    const value = this.#found.get(key);
    return value === undefined ? otherwise : onOff(this.#word, { key, value });
  }

  number(key: string): number | undefined {
    const value = this.#found.get(key);
    return value === undefined ? undefined : number(`${this.#word} ${key}`, value);
  }

  /** A setting that has only one value here. */
  only(key: string, ...accepted: readonly string[]): void {
    const value = this.#found.get(key);
    if (value !== undefined && !accepted.includes(value)) {
      throw unsupported(this.#word, { key, value }, accepted.map(a => `${key}=${a}`).join(', '));
    }
  }
}
