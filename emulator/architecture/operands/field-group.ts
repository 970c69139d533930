/** A number that several fields of a pattern hold together, the most significant first: `i3h:i3l`. */
import type { Fields } from '../pattern.ts';

export interface FieldGroup {
  readonly fields: readonly string[];
  readonly width: number;
  /** The number. */
  of(fields: Fields): number;
  /** The fields that hold a number of `width` bits. */
  put(value: number): Record<string, number>;
}

/** A group of fields, whose widths `widthOf` gives. */
export function fieldGroup(names: string, widthOf: (field: string) => number): FieldGroup {
  const fields = names.split(':');
  const widths = fields.map(widthOf);
  return {
    fields,
    width: widths.reduce((sum, width) => sum + width, 0),
    of: values => fields.reduce((number, field, i) => number * 2 ** widths[i]! + (values[field] as number), 0),
    put: value => {
      const result: Record<string, number> = {};
      let rest = value;
      for (let i = fields.length - 1; i >= 0; i--) {
        const range = 2 ** widths[i]!;
        result[fields[i]!] = rest % range;
        rest = Math.floor(rest / range);
      }
      return result;
    },
  };
}
