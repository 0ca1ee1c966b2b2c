import type { AnyTool } from "../contract/tool.ts";
import { freezeHome, listActivity } from "./activity.ts";
import { initializeCa, issueCertificate, listCertificates, revokeCertificate } from "./ca.ts";
import { createCluster, deleteCluster, getClusterStatus, listClusters } from "./cluster.ts";
import { deletePod, deployPod, getPod } from "./deployment.ts";
import { diagnoseHome } from "./doctor.ts";
import { cancelOperation, listFleet } from "./fleet.ts";
import {
  createGpioDevice,
  deleteGpioDevice,
  getGpioReadings,
  listGpioDevices,
  readGpioPin,
  writeGpioPin,
} from "./gpio.ts";
import { listHomes } from "./homes.ts";
import { discoverNodes, getNodeInfo, registerNode } from "./node.ts";
import { getOperation } from "./operation.ts";
import { deprovisionNode, provisionCluster, provisionNode, provisionNodes, scaleCluster } from "./provisioning.ts";
import { readContext, writeContext } from "./shared-context.ts";
import { breakReservation, listReservations, releaseGpioPin, reserveGpioPin } from "./reservation.ts";

/** Every tool, in the order in which it is listed. */
export const tools: readonly AnyTool[] = [
  listHomes,
  diagnoseHome,
  listActivity,
  freezeHome,
  createCluster,
  listClusters,
  getClusterStatus,
  provisionCluster,
  scaleCluster,
  deleteCluster,
  discoverNodes,
  getNodeInfo,
  registerNode,
  provisionNode,
  provisionNodes,
  deprovisionNode,
  getOperation,
  cancelOperation,
  listFleet,
  listGpioDevices,
  createGpioDevice,
  readGpioPin,
  writeGpioPin,
  reserveGpioPin,
  releaseGpioPin,
  listReservations,
  breakReservation,
  getGpioReadings,
  deleteGpioDevice,
  deployPod,
  getPod,
  deletePod,
  initializeCa,
  issueCertificate,
  listCertificates,
  revokeCertificate,
  readContext,
  writeContext,
];
