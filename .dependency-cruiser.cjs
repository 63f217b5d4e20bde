// Layer rules (docs/architecture.md): data moves right only, services meet in the topics and in packages/shared, and client libraries stay
// at the edges.

/** Client libraries, and the parts of Node that reach outside the process. */
const CLIENTS =
  '(node_modules/(kafkajs|ioredis|bullmq|@aws-sdk/[^/]+|onnxruntime-node|sharp)/)|^(node:)?(fs|fs/promises|http|https|http2|net|tls|dns|dns/promises|dgram|child_process|worker_threads|cluster)$';

/**
 * Where they may be used: adapters, a process's entry and its settings, what serves tests, health and metrics, the command line and the
 * local engine. `net/` asks node:net only whether a text is an address.
 */
const EDGES =
  '/src/(adapters/|testing/|main\\.ts$|config\\.ts$)|^packages/shared/src/(observability/(http|ready-file)\\.ts$|net/)|^packages/cli/|^infra/local/';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or need a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure-files-import-no-client',
      comment: 'Put the call behind a port and its implementation in adapters/.',
      severity: 'error',
      from: { pathNot: EDGES },
      to: { path: CLIENTS },
    },
    {
      name: 'services-meet-in-topics',
      comment: 'What two services share belongs to packages/shared.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'shared-depends-on-nothing',
      comment: 'Everything depends on packages/shared; it depends on nothing of the workspace.',
      severity: 'error',
      from: { path: '^packages/shared/' },
      to: { path: '^(services/|infra/|packages/(?!shared/))' },
    },
    {
      name: 'services-depend-on-shared-only',
      comment: 'A service runs without the command line, the samples and the local engine.',
      severity: 'error',
      from: { path: '^services/' },
      to: { path: '^(infra/|packages/(?!shared/))' },
    },
    {
      name: 'samples-and-engine-know-no-service',
      severity: 'error',
      from: { path: '^(packages/samples|infra/local)/' },
      to: { path: '^(services/|packages/cli/)' },
    },
    {
      name: 'checker-shares-nothing',
      comment: 'What judges the services must share no line with them: it would share the mistake as well.',
      severity: 'error',
      from: { path: '^packages/chaos/src/checker/' },
      to: { path: '^(services/|infra/|packages/(?!chaos/src/checker/))' },
    },
    {
      name: 'chaos-knows-no-service',
      comment: 'Services are processes to it.',
      severity: 'error',
      from: { path: '^packages/chaos/' },
      to: { path: '^(services/|packages/cli/)' },
    },
    {
      name: 'no-tests-in-sources',
      severity: 'error',
      from: { path: '/src/' },
      to: { path: '/test/' },
    },
    {
      name: 'resolvable',
      comment: 'Add it to the package.json of the package that imports it.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared',
      comment: 'A package imports what its own package.json names, for production.',
      severity: 'error',
      from: { path: '/src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
    // Types count as well: a pure file that needs a client's types is shaped by that client.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['labelstream-source', 'import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
