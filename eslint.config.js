import config from "@robin/eslint-config";

export default [...config, { files: ["tooling/vitest/**"], rules: { "no-restricted-syntax": "off" } }];
