/** Tests import packages by name and get their sources; what tests spawn runs from `dist`, so build first. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/packages', '<rootDir>/apps', '<rootDir>/scripts'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  modulePathIgnorePatterns: ['/dist/'],
  moduleNameMapper: {
    '^@scorpiofs/([a-z-]+)$': '<rootDir>/packages/$1/src/index.ts',
    '^@scorpiofs/antares/state$': '<rootDir>/packages/antares/src/state/state-file.ts',
    '^@scorpiofs/([a-z-]+)/testing$': '<rootDir>/packages/$1/src/testing/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // For what hangs: no test may depend on how fast the machine is.
  testTimeout: 600_000,
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/scripts/jest-summary.mjs'],
};
