import { parentPort, workerData } from "node:worker_threads";
import { sha512Crypt } from "./sha512-crypt.ts";

parentPort?.postMessage(sha512Crypt(...(workerData as Parameters<typeof sha512Crypt>)));
