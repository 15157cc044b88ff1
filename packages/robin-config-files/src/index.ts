export { type ConfigFile, type ConfigFolder, createConfigFolder, type FormerConfigFile } from "./config-folder.ts";
export { ConfigFileError, type ConfigFileErrorKind } from "./errors.ts";
export { mergeJson5, mergePatch, removeJson5, rewriteJson5, setJson5 } from "./json5-edit.ts";
export { type ConfigObject, type ConfigValue, parseJson5 } from "./json5-tree.ts";
