/** Why a word is UNDEFINED, as far as the tables know: for the record of the exception. */
import { decode, isScalable } from '../architecture/decoder.ts';

/**
 * In words, or undefined for an instruction of the tables that is UNDEFINED here by its own rules, such as UDF.
 * `hasFeature` tells what this processor implements.
 */
export function undefinedReason(word: number, hasFeature: (feature: string) => boolean): string | undefined {
  const decoded = decode(word);
  if (decoded) {
    const { name, feature } = decoded.row;
    return feature === undefined || hasFeature(feature) ? undefined : `${name} needs ${feature}, which is absent here`;
  }
  const code = `0x${word.toString(16).padStart(8, '0')}`;
  if (isScalable(word))
    return `${code} is an encoding of ${word >>> 31 && ((word >>> 25) & 15) === 0 ? 'FEAT_SME' : 'FEAT_SVE'}, which is absent here`;
  return `${code} is no instruction that is known here`;
}
