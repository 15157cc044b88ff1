export { createRobinClient, type RobinClient } from "./client.ts";
export type { RobinAuth, RobinClientConfig } from "./config.ts";
export {
  isRobinError,
  isRobinInputError,
  type LongWork,
  RobinError,
  RobinInputError,
  type RobinErrorKind,
  type RobinErrorOptions,
  type RobinService,
} from "./errors.ts";
export { createLine, type Line, LineFullError } from "./line.ts";
export { pathSegment } from "./path-segment.ts";
export type { BreakerState } from "./policies.ts";
export type { ConfigResource } from "./resources/config.ts";
export { ConfigSection, ConfigSyncStatus } from "./resources/config.schemas.ts";
export type { HealthResource } from "./resources/health.ts";
export { ClientHealth, ServiceHealth } from "./resources/health.schemas.ts";
export type { LogSearch, LogSearchOptions, LogsResource } from "./resources/logs.ts";
export {
  createLogLineReader,
  createLogParser,
  isLogSearchEcho,
  parseLogEntries,
  type LogParser,
  type LogParserOptions,
} from "./resources/logs.parser.ts";
export { logReach } from "./resources/logs.time.ts";
export { LogEntry, LogFragment, LogLevel, LogQuery, LogSearchOutcome } from "./resources/logs.schemas.ts";
export type { MetricsResource } from "./resources/metrics.ts";
export { MetricFamily, MetricSample } from "./resources/metrics.schemas.ts";
export type { QueueResource } from "./resources/queue.ts";
export {
  EnqueueMessage,
  EnqueueRawMessage,
  EnqueueResult,
  QueueEntry,
  QueueListQuery,
  QueueMutationInput,
  QueueMutationResult,
  QueuePage,
  QueueState,
  RobinCase,
  RobinEnvelope,
} from "./resources/queue.schemas.ts";
export type { SendResource } from "./resources/send.ts";
export {
  RecipientVerdict,
  SendMessage,
  SendRawMessage,
  SendResult,
  SentEnvelope,
  SmtpReply,
  SmtpTransaction,
} from "./resources/send.schemas.ts";
export type { SystemResource } from "./resources/system.ts";
export { SystemEntry, SystemThread } from "./resources/system.schemas.ts";
export {
  AddAttachmentInput,
  AttachmentId,
  AttachmentName,
  CreateDraftInput,
  DraftContent,
  DraftId,
  DraftInput,
  RemoveAttachmentInput,
  UpdateDraftInput,
} from "./resources/drafts.schemas.ts";
export type { MailboxesResource } from "./resources/mailboxes.ts";
export {
  Mailbox,
  MailboxFolder,
  MailboxFolderInput,
  MailboxFolderProperties,
  MailboxFolderView,
  MailboxInput,
  MailboxMessage,
  MailboxMessageInput,
  type MailboxContent,
} from "./resources/mailboxes.schemas.ts";
export {
  ChangeableFolderPath,
  DirectoryPath,
  FolderName,
  FolderPath,
  MailPath,
  MessageId,
  ParentPath,
  StoreName,
} from "./resources/store-paths.ts";
export { decodeMessage } from "./resources/store-text.ts";
export type { StoreResource } from "./resources/store.ts";
export type { StoreDrafts } from "./resources/store-drafts.ts";
export type { StoreFolders } from "./resources/store-folders.ts";
export type { StoreMessages } from "./resources/store-messages.ts";
export {
  ChangeFolderInput,
  CleanupInput,
  CopyFolderInput,
  CreateFolderInput,
  DirectoryInput,
  MailInput,
  MessageCount,
  MessagesInput,
  MoveFolderInput,
  MoveMessagesInput,
  ReadStatusInput,
  RenameFolderInput,
  StoreAccount,
  StoreDirectory,
  StoreEntry,
  StoreFolderInput,
  StoreFolderProperties,
  StoreMessageText,
} from "./resources/store.schemas.ts";
export type { UsersResource } from "./resources/users.ts";
export {
  UserAuthentication,
  UserCredentials,
  UserExistence,
  UserExistsInput,
  UserList,
  UsersSource,
} from "./resources/users.schemas.ts";
export type { RobinStream } from "./streaming.ts";
export type { CallOptions, CallSpan, PortLoad, RobinCall } from "./transport.ts";
