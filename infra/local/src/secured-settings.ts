import { join } from 'node:path';
import { renderServerProperties } from './kafka-settings.js';

/** Who may come in. Names are plain words; passwords hold no quotes and no spaces. */
export interface SecuredUsers {
  /** Passwords by user, the same for every SASL mechanism. Kafka's rights are handed out by its own ACLs. */
  readonly kafka: Readonly<Record<string, string>>;
  /** `rules` in the words of Redis' ACLs, for example `~px:* +get`. */
  readonly redis: Readonly<Record<string, { readonly password: string; readonly rules: string }>>;
}

/** Ports of the listeners of a secured Kafka. */
export interface SecuredKafkaPorts {
  readonly admin: number;
  readonly controller: number;
  readonly password: number;
  readonly certificate: number;
}

const LOGIN_MODULE = 'org.apache.kafka.common.security';

/** The `server.properties` of a secured broker. Of a setting that is there twice, Java takes the last. */
export function renderSecuredKafka(
  { admin, controller, password, certificate }: SecuredKafkaPorts,
  { logDir, tlsDir }: { readonly logDir: string; readonly tlsDir: string },
  { kafka: users }: Pick<SecuredUsers, 'kafka'>,
): string {
  const plainUsers = Object.entries(users).map(([name, secret]) => `user_${name}="${secret}"`);
  const listeners = [`PLAINTEXT://127.0.0.1:${admin}`, `PASSWORD://127.0.0.1:${password}`, `CERTIFICATE://127.0.0.1:${certificate}`];
  const settings: Record<string, string> = {
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${controller}`].join(),
    'advertised.listeners': listeners.join(),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PASSWORD:SASL_SSL,CERTIFICATE:SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.password.plain.sasl.jaas.config': `${LOGIN_MODULE}.plain.PlainLoginModule required ${plainUsers.join(' ')};`,
    'listener.name.password.scram-sha-256.sasl.jaas.config': `${LOGIN_MODULE}.scram.ScramLoginModule required;`,
    'listener.name.password.scram-sha-512.sasl.jaas.config': `${LOGIN_MODULE}.scram.ScramLoginModule required;`,
    'listener.name.certificate.ssl.client.auth': 'required',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(tlsDir, 'server.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(tlsDir, 'ca.pem'),
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // Whoever comes without a name comes through the listener for handing out rights.
    'super.users': 'User:ANONYMOUS',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  return renderServerProperties({ kafka: admin, kafkaController: controller }, logDir) + lines.join('');
}

/** Arguments of Kafka's formatting that make the users known to SCRAM. */
export function scramArguments({ kafka: users }: Pick<SecuredUsers, 'kafka'>): string[] {
  const mechanisms = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];
  return Object.entries(users).flatMap(([name, password]) =>
    mechanisms.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${name},password=${password}]`]),
  );
}

/** Where a secured Redis listens: over TLS, or in the clear behind something that ends TLS. */
export type RedisListen = { readonly tlsPort: number; readonly tlsDir: string } | { readonly plainPort: number };

/** The `redis.conf` of a Redis that nobody enters without being a user of it. */
export function renderSecuredRedis(listen: RedisListen, dataDir: string, { redis: users }: Pick<SecuredUsers, 'redis'>): string {
  const tls =
    'tlsPort' in listen
      ? [
          'port 0',
          `tls-port ${listen.tlsPort}`,
          `tls-cert-file ${join(listen.tlsDir, 'server-cert.pem')}`,
          `tls-key-file ${join(listen.tlsDir, 'server-key.pem')}`,
          `tls-ca-cert-file ${join(listen.tlsDir, 'ca.pem')}`,
          'tls-auth-clients optional',
        ]
      : [`port ${listen.plainPort}`];
  const accounts = Object.entries(users).map(([name, { password, rules }]) => `user ${name} on >${password} ${rules}`);
  return ['bind 127.0.0.1', ...tls, `dir ${dataDir}`, 'save ""', 'maxmemory-policy noeviction', 'user default off', ...accounts, ''].join(
    '\n',
  );
}
