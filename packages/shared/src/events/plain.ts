import type { Type, types } from 'avsc';

type Convert = (value: unknown) => unknown;

const isUnion = (type: Type): type is types.UnwrappedUnionType => type.typeName === 'union:unwrapped';

/** The branch of an optional field (`["null", X]`); our own schemas have no other unions. */
const optionalBranch = (type: types.UnwrappedUnionType) => type.types.find((branch) => branch.typeName !== 'null');

function convertRecord(type: types.RecordType): Convert {
  const fields = type.fields.map((field) => ({ name: field.name, convert: plain(field.type) }));
  return (value) => {
    const record: Record<string, unknown> = {};
    for (const { name, convert } of fields) {
      const entry = (value as Record<string, unknown>)[name];
      if (entry !== null) record[name] = convert === undefined ? entry : convert(entry);
    }
    return record;
  };
}

/**
 * Compiles the way from what avsc decodes (instances of generated classes, `null` for what is absent) to plain data in which absent is
 * absent. `undefined` where there is nothing to change.
 */
export function plain(type: Type): Convert | undefined {
  if (type.typeName === 'record') return convertRecord(type as types.RecordType);
  if (type.typeName === 'array') {
    const item = plain((type as types.ArrayType).itemsType);
    return item === undefined ? undefined : (value) => (value as unknown[]).map(item);
  }
  const branch = isUnion(type) ? optionalBranch(type) : undefined;
  const convert = branch === undefined ? undefined : plain(branch);
  return convert === undefined ? undefined : (value) => (value === null ? null : convert(value));
}
