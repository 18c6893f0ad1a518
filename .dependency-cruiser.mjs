/**
 * Who may import whom: shared ← platform ← features ← router and app ← main. Each rule says which door to take instead.
 * `npm run imports` runs them.
 */
const rule = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to })

export default {
  forbidden: [
    rule(
      'no-cycles',
      'Two files that need each other are one noun, or hide a third.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    rule(
      'no-orphans',
      'Nothing imports this file: delete it, or give it a reader.',
      {
        orphan: true,
        pathNot: [
          '\\.test\\.ts$',
          '^dev/(main|server|migrate|openapi|studio|plinth)\\.ts$',
          '\\.d\\.ts$',
          '^web/public/',
        ],
      },
      {},
    ),
    rule('not-to-unresolvable', 'This import leads nowhere.', {}, { couldNotResolve: true }),
    rule(
      'not-to-undeclared',
      'Declare the package in package.json.',
      {},
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
    rule(
      'server-needs-dependencies',
      'A production install leaves devDependencies out: the server may not need them.',
      { path: '^(server|shared|cli)/', pathNot: '(\\.test\\.ts$|^server/test/)' },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'shared-stands-alone',
      'shared/ is for every side and imports only zod and itself.',
      { path: '^shared/', pathNot: '\\.test\\.ts$' },
      { pathNot: ['^shared/', '^node_modules/zod/'] },
    ),
    rule(
      'platform-below-features',
      'platform/ carries features and must not know them; pass what it needs as an option.',
      { path: '^server/platform/', pathNot: '\\.test\\.ts$' },
      { path: '^server/(features/|app|router|main|trpc|context)' },
    ),
    rule(
      'features-meet-at-service',
      "Another feature is reached through its service.ts only (table.ts may reference another's table.ts).",
      { path: '^server/features/([^/]+)/', pathNot: ['\\.test\\.ts$', '/table\\.ts$'] },
      { path: '^server/features/([^/]+)/', pathNot: ['^server/features/$1/', '/service\\.ts$'] },
    ),
    rule(
      'features-below-router',
      'A feature is put into the app by router.ts and app.ts; from above it may import trpc.ts only.',
      { path: '^server/features/', pathNot: '\\.test\\.ts$' },
      { path: '^server/(app|router|main|context)\\.ts$' },
    ),
    rule(
      'service-knows-no-transport',
      'A service answers every door: no tRPC, no Fastify, no plugin.ts. The router turns it into a procedure.',
      { path: '/(service|policy|reactions|jobs)\\.ts$' },
      { path: ['^server/trpc\\.ts$', '/plugin\\.ts$', '/router\\.ts$', '^node_modules/(fastify|@trpc)/'] },
    ),
    rule(
      'policy-is-pure',
      'policy.ts holds predicates over values: types and shared/ only.',
      { path: '/policy\\.ts$' },
      { pathNot: '^shared/', dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'table-knows-tables',
      'table.ts describes tables: drizzle, platform/db/columns, shared values and other tables only.',
      { path: '/table\\.ts$' },
      { pathNot: ['^node_modules/drizzle-orm/', '^server/platform/db/columns\\.ts$', '/table\\.ts$', '^shared/'] },
    ),
    rule(
      'drivers-in-db-only',
      'Database drivers live in platform/db; ask `app.database` or take a Database.',
      {
        path: '^(server|client|web|shared|dev|cli)/',
        pathNot: ['^server/platform/db/', '^(server|web)/test/', '\\.test\\.ts$'],
      },
      {
        path: '^node_modules/(postgres|tarn|@electric-sql|drizzle-orm/(postgres-js|pglite))/',
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'fastify-in-plugins-only',
      'Logic lies in files that do not know Fastify; plugin.ts and routes bind it.',
      { path: '^server/platform/[^/]+/', pathNot: ['/(plugin|[a-z-]+-routes|access-log)\\.ts$', '\\.test\\.ts$'] },
      { path: '^node_modules/(fastify|fastify-plugin|@fastify)/', dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'client-needs-shared-only',
      'client/ sees values of shared/ and types of server/, and no React.',
      { path: '^client/', pathNot: '\\.test\\.ts$' },
      { path: ['^(server|web|dev)/', '^node_modules/react'], dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'web-over-client',
      'web/ talks to the server through client/; from server/ it sees types only.',
      { path: '^web/', pathNot: ['\\.test\\.ts$', '^web/test/'] },
      { path: '^(server|dev)/', dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'cli-over-router',
      'cli/ is a server-side program over the router, or over client/ where a server runs; only dev/ starts it.',
      { path: '^cli/', pathNot: '\\.test\\.ts$' },
      { path: '^(web|dev)/' },
    ),
    rule(
      'nobody-needs-the-cli',
      'The server is whole without its commands.',
      { path: '^(server|shared|client|web)/', pathNot: '^server/test/' },
      { path: '^cli/' },
    ),
    rule(
      'mcp-sdk-comes-late',
      'Most servers never open that door, and loading is most of a start: import() it where it is switched on.',
      {
        path: '^(server|cli|dev)/',
        pathNot: ['^server/platform/mcp/tool-server\\.ts$', '\\.test\\.ts$', '^server/test/'],
      },
      {
        path: ['^server/platform/mcp/tool-server\\.ts$', '^node_modules/@modelcontextprotocol/'],
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'tests-are-not-imported',
      'Tests and their fixtures are nobody’s library.',
      { pathNot: ['\\.test\\.ts$', '^server/test/', '^web/test/'] },
      { path: ['^server/test/', '\\.test\\.ts$'] },
    ),
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: '^node_modules' },
    exclude: { path: ['^dist/'] },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json', '.css'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
    },
  },
}
