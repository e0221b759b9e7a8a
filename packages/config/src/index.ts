export { antaresNumber } from './antares-variables.js';
export { ConfigError } from './config-error.js';
export { readConfigFile, type ConfigFile } from './config-file.js';
export { findConfigFile, type FindOptions, type FoundFile } from './find-file.js';
export type { Setting } from './check-values.js';
export type { Derived } from './derived.js';
export { keyTables, variableList } from './document.js';
export { initConfigFile } from './init-file.js';
export type { Effect, KeySpec, Section, ValueType } from './key-spec.js';
export { KEY_LIST, variableOf, type ConfigKey, type ConfigValues } from './keys.js';
export { LEVELS, type LevelName } from './levels.js';
export { checkConfig, loadConfig, type Checked, type Config } from './load.js';
export {
  levelFor,
  LOG_TARGETS,
  parseLogFilter,
  suspiciousWord,
  type FilterFault,
  type LogDirective,
  type LogFilter,
} from './log-filter.js';
export { nearest } from './nearest.js';
export { errorCode, osReason } from './os-reason.js';
export { formatAddress, parseAddress, type Address } from './parse-address.js';
export { normaliseUrl } from './parse-url.js';
export { prepareDirectories } from './prepare.js';
export { describeOrigin, type Origin, type Problem } from './problem.js';
export { currentConfig, initConfig } from './process-config.js';
export { isSecretName, REDACTED, redactUrl, redactUrls } from './redact.js';
export { showJson, showToml } from './show.js';
export type { ConfigInput } from './sources.js';
export { templateText } from './template.js';
export { tomlError } from './toml-document.js';
export { validateConfig, type Validation } from './validate.js';
