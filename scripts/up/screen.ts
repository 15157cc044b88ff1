type ScreenOptions = {
  url: string;
  adminUsername: string;
  /** Known only right after it was made. */
  adminPassword: string | undefined;
  simulated: boolean;
  logsDir: string;
};

/** What a person needs to know who has just started everything. */
export function welcome({ url, adminUsername, adminPassword, simulated, logsDir }: ScreenOptions): string {
  const password = adminPassword ?? "YOUR PASSWORD";
  const signIn = adminPassword
    ? [`  User name   ${adminUsername}`, `  Password    ${adminPassword}   (shown only this once)`]
    : [
        `  User name   ${adminUsername}`,
        "  Password    the one of the first start; for a new one: npm run reset-password",
      ];
  return [
    "",
    `Robin Gateway is running${simulated ? ", with a simulated Robin behind it" : ""}.`,
    "",
    `  API         ${url}/api/v1`,
    `  API docs    ${url}/docs`,
    `  Health      ${url}/health`,
    "",
    "Sign in",
    ...signIn,
    "",
    "Try it: sign in and list the queue",
    `  TOKEN=$(curl -s ${url}/api/v1/auth/login -H 'Content-Type: application/json' \\`,
    `    -d '${JSON.stringify({ username: adminUsername, password })}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`,
    `  curl -s ${url}/api/v1/queue -H "Authorization: Bearer $TOKEN"`,
    "",
    `Logs are in ${logsDir}. Stop everything with Ctrl-C; the data stays.`,
    "",
  ].join("\n");
}
