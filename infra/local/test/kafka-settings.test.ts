import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  brokerArguments,
  formatArguments,
  KAFKA_CLUSTER_ID,
  KAFKA_VERSION,
  renderServerProperties,
  SINGLE_NODE_SETTINGS,
} from '../src/kafka-settings.js';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

function parseProperties(text: string): Record<string, string> {
  const pairs = text
    .trimEnd()
    .split('\n')
    .map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    });
  return Object.fromEntries(pairs);
}

describe('server.properties', () => {
  const settings = parseProperties(renderServerProperties({ kafka: 19_092, kafkaController: 19_093 }, '/data/kafka'));

  it('listens on the loopback interface only', () => {
    const addresses = ['listeners', 'advertised.listeners', 'controller.quorum.voters'].flatMap(
      (key) => settings[key]!.match(/[^/@,]+:\d+/g)!,
    );
    expect(addresses).toEqual(['127.0.0.1:19092', '127.0.0.1:19093', '127.0.0.1:19092', '127.0.0.1:19093']);
  });

  it('is one node that creates no topic by itself and replicates nothing', () => {
    expect(settings).toMatchObject({
      'process.roles': 'broker,controller',
      'auto.create.topics.enable': 'false',
      'offsets.topic.replication.factor': '1',
      'transaction.state.log.replication.factor': '1',
      'transaction.state.log.min.isr': '1',
      'group.initial.rebalance.delay.ms': '0',
      'log.dirs': '/data/kafka',
    });
  });

  it('keeps a backslash in the data folder', () => {
    expect(renderServerProperties({ kafka: 1, kafkaController: 2 }, 'C:\\data')).toContain('log.dirs=C:\\\\data\n');
  });
});

describe('the arguments of java', () => {
  const memory = { kafkaHeapMb: 300, cacheMaxMb: 1 };

  it('limit the heap, and read or write the class archive', () => {
    expect(brokerArguments('/libs', '/p', memory, null)).toContain('-Xmx300m');
    expect(brokerArguments('/libs', '/p', memory, { use: '/a.jsa' })).toContain('-XX:SharedArchiveFile=/a.jsa');
    expect(brokerArguments('/libs', '/p', memory, { write: '/a.jsa' })).toContain('-XX:ArchiveClassesAtExit=/a.jsa');
  });

  it('never let the formatting tool write an archive: it loads other classes than the broker', () => {
    expect(formatArguments('/libs', '/p', { write: '/a.jsa' }).join(' ')).not.toContain('.jsa');
  });
});

describe('what is said in more than one file', () => {
  const compose = read('../../compose.yaml');

  it('names one Kafka version', () => {
    expect(read('../pom.xml')).toContain(`<kafka.version>${KAFKA_VERSION}</kafka.version>`);
    expect(compose).toContain(`image: apache/kafka:${KAFKA_VERSION}\n`);
  });

  it('gives the container the settings of the native broker', () => {
    const names = Object.entries(SINGLE_NODE_SETTINGS).map(([key, value]) => [`KAFKA_${key.replaceAll('.', '_').toUpperCase()}`, value]);
    const inCompose = [...compose.matchAll(/^ {6}(KAFKA_\w+): "([^"$]*)"$/gm)].map(([, name, value]) => [name, value]);
    expect(inCompose).toEqual(expect.arrayContaining(names));
    expect(compose).toContain(`CLUSTER_ID: ${KAFKA_CLUSTER_ID}\n`);
  });
});
