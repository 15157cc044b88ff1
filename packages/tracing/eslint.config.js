export { default } from "@robin/eslint-config";
