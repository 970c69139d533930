/** Why a word is UNDEFINED, as far as the tables know: for the record of the exception. */
import { decode } from '../architecture/decoder.ts';

/** Bits 28 to 25 of the encodings of SVE and SME (Arm ARM C4.1). */
const scalableVectors = 0b0010;

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
  if (((word >>> 25) & 15) === scalableVectors) return `${code} is an encoding of FEAT_SVE, which is absent here`;
  return `${code} is no instruction that is known here`;
}
