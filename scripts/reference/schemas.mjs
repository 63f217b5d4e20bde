import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/root.mjs';
import { code, table } from './table.mjs';

const isNamed = (schema) => typeof schema === 'object' && !Array.isArray(schema) && schema.name !== undefined;
const link = (name) => `[${name}](#${name.toLowerCase()})`;
const isPrimitive = (name) => /^[a-z]+$/.test(name);

/** The type of a field in words; an optional field is marked with a question mark. */
function typeText(type) {
  if (Array.isArray(type))
    return (
      type
        .filter((branch) => branch !== 'null')
        .map(typeText)
        .join(' or ') + (type.includes('null') ? '?' : '')
    );
  if (typeof type === 'string') return isPrimitive(type) ? code(type) : link(type);
  if (type.type === 'array') return `list of ${typeText(type.items)}`;
  if (type.type === 'map') return `map of ${typeText(type.values)}`;
  return isNamed(type) ? link(type.name) : code(type.type);
}

/** Named types inside a schema, outermost first. */
function namedTypes(schema) {
  if (typeof schema !== 'object' || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap(namedTypes);
  const inner = [...(schema.fields ?? []).map((field) => field.type), schema.items, schema.values].flatMap(namedTypes);
  return isNamed(schema) ? [schema, ...inner] : inner;
}

const defaultText = (field) => (field.default === undefined || field.default === null ? '' : code(JSON.stringify(field.default)));

function section(schema) {
  const heading = `## ${schema.name}\n\n${schema.doc}\n\n`;
  if (schema.type === 'enum')
    return `${heading}One of ${schema.symbols.map(code).join(', ')}; what a reader does not know becomes ${code(schema.default)}.\n`;
  const rows = schema.fields.map((field) => [code(field.name), typeText(field.type), defaultText(field), field.doc]);
  return `${heading}${table(['field', 'type', 'default', 'meaning'], rows)}\n`;
}

/** Every Avro schema, from contracts/avro/. */
export async function schemasReference({ load }) {
  const { RECORD_NAMES } = await load('packages/shared', 'events/schemas');
  const read = (name) => JSON.parse(readFileSync(join(root, 'packages/shared/contracts/avro', `${name}.avsc`), 'utf8'));
  const records = RECORD_NAMES.map(read);
  const nested = new Map(records.flatMap(namedTypes).map((schema) => [schema.name, schema]));
  for (const { name } of records) nested.delete(name);
  return `# Schemas

Avro, namespace \`io.labelstream\`; the files are in \`packages/shared/contracts/avro/\`, with every published version in \`history/\`. With
\`SCHEMA_REGISTRY_URL\`: Confluent wire format. Without: single-object encoding (\`C3 01\`, the schema's CRC-64-AVRO fingerprint
little-endian, the body). \`product.events\` also takes JSON of the same shape. A question mark marks what may be absent.

${records.map(section).join('\n')}
# Types inside them

${[...nested.values()].map(section).join('\n')}`;
}
