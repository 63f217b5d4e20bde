import { LabelstreamError } from '@labelstream/shared/errors';

/** The oldest Java that runs Kafka 4's broker. */
export const JAVA_MIN_MAJOR = 17;
/** Jars, archives and the data of a small catalogue. */
const DISK_MIN_BYTES = 2 * 1024 ** 3;
const NODE_MIN = [20, 19] as const;

/** A program found on this machine. */
export interface ProgramFact {
  readonly path: string;
  readonly version: string;
}

/** What the native engine is made of, as found. */
export interface ToolFacts {
  readonly java: (ProgramFact & { readonly major: number }) | null;
  /** Path of `mvn`. */
  readonly maven: string | null;
  /** Kafka's jars were fetched before, so Maven is not needed. */
  readonly hasJars: boolean;
  readonly redis: ProgramFact | null;
  /** Ways of getting a redis-server that would be tried. */
  readonly redisInstallers: readonly string[];
}

/** Everything that `doctor` looks at. */
export interface MachineFacts extends ToolFacts {
  readonly nodeVersion: string;
  /** Version of the Docker engine that answers, with Compose there. */
  readonly docker: string | null;
  /** Ports that the next start would like, and whether it can have them (free, or held by the engine itself). */
  readonly ports: readonly { readonly name: string; readonly port: number; readonly usable: boolean }[];
  readonly freeDiskBytes: number;
}

/** One line of `doctor`. */
export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Whether an engine can only be started when this is ok. */
  readonly required: boolean;
  /** What was found, one sentence. */
  readonly found: string;
  /** What to do; present when not ok. */
  readonly advice?: string;
}

const JAVA_ADVICE = 'install a JDK 17 or newer (Debian: apt-get install openjdk-17-jdk-headless) or set JAVA_HOME to one';
const MAVEN_ADVICE = 'install Maven (Debian: apt-get install maven)';
const REDIS_ADVICE = 'install Redis 6.2 or newer (Debian: apt-get install redis-server)';

function check(name: string, ok: boolean, required: boolean, found: string, advice: string): DoctorCheck {
  return ok ? { name, ok, required, found } : { name, ok, required, found, advice };
}

function javaCheck({ java }: ToolFacts, required: boolean): DoctorCheck {
  const ok = java !== null && java.major >= JAVA_MIN_MAJOR;
  return check('java', ok, required, java === null ? 'No java is found.' : `Java ${java.version} at ${java.path}.`, JAVA_ADVICE);
}

function mavenCheck({ maven, hasJars }: ToolFacts, required: boolean): DoctorCheck {
  if (hasJars) return check('maven', true, false, "Kafka's jars are there already.", MAVEN_ADVICE);
  return check('maven', maven !== null, required, maven === null ? 'No mvn is on PATH.' : `Maven at ${maven}.`, MAVEN_ADVICE);
}

function redisCheck({ redis, redisInstallers }: ToolFacts, required: boolean): DoctorCheck {
  if (redis !== null) return check('redis-server', true, required, `Redis ${redis.version} at ${redis.path}.`, REDIS_ADVICE);
  const ok = redisInstallers.length > 0;
  const found = ok ? `Not found; the first start gets it (${redisInstallers.join(', then ')}).` : 'Not found.';
  return check('redis-server', ok, required, found, REDIS_ADVICE);
}

/** The checks of the native engine alone. */
function toolChecks(facts: ToolFacts, required: boolean): DoctorCheck[] {
  return [javaCheck(facts, required), mavenCheck(facts, required), redisCheck(facts, required)];
}

function nodeCheck(version: string): DoctorCheck {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const ok = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  return check('node', ok, true, `Node ${version}.`, `install Node ${NODE_MIN.join('.')} or newer`);
}

function portsCheck(ports: MachineFacts['ports']): DoctorCheck {
  const busy = ports.filter(({ usable }) => !usable).map(({ name, port }) => `${port} (${name})`);
  const found = busy.length === 0 ? `Free or ours: ${ports.map(({ port }) => port).join(', ')}.` : `In use by others: ${busy.join(', ')}.`;
  return check('ports', busy.length === 0, false, found, 'nothing needs doing: other ports are chosen and recorded');
}

function diskCheck(freeDiskBytes: number): DoctorCheck {
  const freeGib = (freeDiskBytes / 1024 ** 3).toFixed(1);
  return check(
    'disk',
    freeDiskBytes >= DISK_MIN_BYTES,
    true,
    `${freeGib} GiB free.`,
    `free ${DISK_MIN_BYTES / 1024 ** 3} GiB, or set LABELSTREAM_DATA_DIR to a folder that has them`,
  );
}

/** What `doctor` says of a machine. All is well when every required check is ok. */
export function diagnose(facts: MachineFacts): DoctorCheck[] {
  const needsTools = facts.docker === null;
  const docker = facts.docker === null ? 'No Docker engine with Compose answers.' : `Docker ${facts.docker} answers.`;
  return [
    nodeCheck(facts.nodeVersion),
    check(
      'docker',
      facts.docker !== null,
      false,
      docker,
      'nothing needs doing while java, maven and redis-server are ok: native processes are used',
    ),
    ...toolChecks(facts, needsTools),
    portsCheck(facts.ports),
    diskCheck(facts.freeDiskBytes),
  ];
}

/**
 * The tools of the native engine, once it is sure that all are there.
 * @throws LabelstreamError ENGINE_UNAVAILABLE with one sentence that says all that has to be installed.
 */
export function requireTools(facts: ToolFacts): { java: NonNullable<ToolFacts['java']> } {
  const failed = toolChecks(facts, true).filter(({ ok }) => !ok);
  if (facts.java !== null && failed.length === 0) return { java: facts.java };
  const what = failed.map(({ name, advice }) => `${name}: ${advice}`).join('; ');
  throw new LabelstreamError('ENGINE_UNAVAILABLE', `The native engine cannot be started without ${what}.`);
}
