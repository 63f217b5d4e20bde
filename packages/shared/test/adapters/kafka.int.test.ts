import { pino } from 'pino';
import { inject } from 'vitest';
import { createKafkaBroker } from '../../src/adapters/kafka/broker.js';
import { brokerConformance } from '../conformance/broker.js';

const log = pino({ level: 'warn' });

brokerConformance('kafkajs', async () => createKafkaBroker({ brokers: inject('brokers'), clientId: 'conformance', log }));
