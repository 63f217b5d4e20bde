import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } from 'kafkajs';
import type { StageName } from '../../src/stream/stage.js';

/** One line of the table in docs/security.md. `name*` stands for every name that begins so. */
export interface Right {
  readonly on: 'topic' | 'group' | 'transactional id';
  readonly name: string;
  readonly may: readonly ('READ' | 'WRITE' | 'DESCRIBE' | 'DELETE' | 'ALL')[];
}

const RESOURCE = { topic: AclResourceTypes.TOPIC, group: AclResourceTypes.GROUP, 'transactional id': AclResourceTypes.TRANSACTIONAL_ID };

const lanes = (topic: string) => [topic, `${topic}.backfill`];

function passing(stage: StageName, input: string, outputs: readonly string[]): Right[] {
  return [
    { on: 'topic', name: '*', may: ['DESCRIBE'] },
    { on: 'group', name: `labelstream-${stage}`, may: ['READ'] },
    // Whether a later stage lags.
    { on: 'group', name: 'labelstream-*', may: ['DESCRIBE'] },
    ...lanes(input).map((name): Right => ({ on: 'topic', name, may: ['READ'] })),
    ...[`${input}.dlq`, ...outputs.flatMap(lanes)].map((name): Right => ({ on: 'topic', name, may: ['WRITE'] })),
  ];
}

/** All that the user of a service needs, once the topics are there. */
export const SERVICE_RIGHTS: Readonly<Record<StageName, readonly Right[]>> = {
  ingest: passing('ingest', 'product.events', ['listings.prepared', 'product.events']),
  encoder: passing('encoder', 'listings.prepared', ['listings.encoded', 'product.events']),
  fusion: passing('fusion', 'listings.encoded', ['listings.predicted', 'product.events']),
  sink: [
    ...passing('sink', 'listings.predicted', []),
    // It keeps marks among the positions of its group under these two names, and reads its labels to rebuild its state.
    { on: 'topic', name: 'product.labels', may: ['READ', 'WRITE'] },
    { on: 'topic', name: 'listings.predicted.dlq', may: ['READ'] },
    { on: 'group', name: 'labelstream-read-*', may: ['READ', 'DELETE'] },
    { on: 'transactional id', name: 'labelstream-sink-*', may: ['WRITE', 'DESCRIBE'] },
  ],
};

/** Hands out rights in Kafka. Groups of readers are not named after the deployment. */
export async function grantRights(
  brokers: string[],
  topicPrefix: string,
  rights: Readonly<Record<string, readonly Right[]>>,
): Promise<void> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const acl = Object.entries(rights).flatMap(([user, granted]) =>
    granted.flatMap(({ on, name, may }) => {
      const isPrefix = name.endsWith('*');
      const full = `${name.startsWith('labelstream-read-') ? '' : topicPrefix}${isPrefix ? name.slice(0, -1) : name}`;
      return may.map((operation) => ({
        principal: `User:${user}`,
        host: '*',
        permissionType: AclPermissionTypes.ALLOW,
        operation: AclOperationTypes[operation],
        resourceType: RESOURCE[on],
        resourceName: full,
        resourcePatternType: isPrefix ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
      }));
    }),
  );
  try {
    await admin.createAcls({ acl });
  } finally {
    await admin.disconnect();
  }
}
