// Generated from exoscale.json by openapi-typescript: npx vitest run --project unit zone/api/generate-types.test.ts -u

export interface paths {
    readonly "/anti-affinity-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list-anti-affinity-groups"];
        readonly put?: never;
        readonly post: operations["create-anti-affinity-group"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/anti-affinity-group/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-anti-affinity-group"];
        readonly put?: never;
        readonly post?: never;
        readonly delete: operations["delete-anti-affinity-group"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/console/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-console-proxy-url"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/elastic-ip": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list-elastic-ips"];
        readonly put?: never;
        readonly post: operations["create-elastic-ip"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/elastic-ip/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-elastic-ip"];
        readonly put: operations["update-elastic-ip"];
        readonly post?: never;
        readonly delete: operations["delete-elastic-ip"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/elastic-ip/{id}/{field}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        readonly delete: operations["reset-elastic-ip-field"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/elastic-ip/{id}:attach": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["attach-instance-to-elastic-ip"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/elastic-ip/{id}:detach": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["detach-instance-from-elastic-ip"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/event": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list-events"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list-instances"];
        readonly put?: never;
        readonly post: operations["create-instance"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance-type": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list-instance-types"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance-type/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-instance-type"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-instance"];
        readonly put: operations["update-instance"];
        readonly post?: never;
        readonly delete: operations["delete-instance"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}/{field}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        readonly delete: operations["reset-instance-field"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}:add-protection": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["add-instance-protection"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}:create-snapshot": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["create-snapshot"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}:enable-tpm": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["enable-tpm"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}:password": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["reveal-instance-password"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}:reboot": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["reboot-instance"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}:remove-protection": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["remove-instance-protection"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}:reset": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["reset-instance"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}:reset-password": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["reset-instance-password"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}:resize-disk": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["resize-instance-disk"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}:scale": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["scale-instance"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}:start": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["start-instance"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{id}:stop": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["stop-instance"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/instance/{instance-id}:revert-snapshot": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["revert-instance-to-snapshot"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/operation/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-operation"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/private-network": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list-private-networks"];
        readonly put?: never;
        readonly post: operations["create-private-network"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/private-network/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-private-network"];
        readonly put: operations["update-private-network"];
        readonly post?: never;
        readonly delete: operations["delete-private-network"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/private-network/{id}/{field}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        readonly delete: operations["reset-private-network-field"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/private-network/{id}:attach": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["attach-instance-to-private-network"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/private-network/{id}:detach": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["detach-instance-from-private-network"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/private-network/{id}:update-ip": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["update-private-network-instance-ip"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/quota": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list-quotas"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/quota/{entity}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-quota"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/reverse-dns/elastic-ip/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-reverse-dns-elastic-ip"];
        readonly put?: never;
        readonly post: operations["update-reverse-dns-elastic-ip"];
        readonly delete: operations["delete-reverse-dns-elastic-ip"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/reverse-dns/instance/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-reverse-dns-instance"];
        readonly put?: never;
        readonly post: operations["update-reverse-dns-instance"];
        readonly delete: operations["delete-reverse-dns-instance"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/security-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list-security-groups"];
        readonly put?: never;
        readonly post: operations["create-security-group"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/security-group/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-security-group"];
        readonly put?: never;
        readonly post?: never;
        readonly delete: operations["delete-security-group"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/security-group/{id}/rules": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["add-rule-to-security-group"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/security-group/{id}/rules/{rule-id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        readonly delete: operations["delete-rule-from-security-group"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/security-group/{id}:add-source": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["add-external-source-to-security-group"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/security-group/{id}:attach": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["attach-instance-to-security-group"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/security-group/{id}:detach": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["detach-instance-from-security-group"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/security-group/{id}:remove-source": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["remove-external-source-from-security-group"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/snapshot": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list-snapshots"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/snapshot/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-snapshot"];
        readonly put?: never;
        readonly post?: never;
        readonly delete: operations["delete-snapshot"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/snapshot/{id}:export": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["export-snapshot"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/snapshot/{id}:promote": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["promote-snapshot-to-template"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/ssh-key": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list-ssh-keys"];
        readonly put?: never;
        readonly post: operations["register-ssh-key"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/ssh-key/{name}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-ssh-key"];
        readonly put?: never;
        readonly post?: never;
        readonly delete: operations["delete-ssh-key"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/template": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list-templates"];
        readonly put?: never;
        readonly post: operations["register-template"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/template/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get-template"];
        readonly put: operations["update-template"];
        readonly post: operations["copy-template"];
        readonly delete: operations["delete-template"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/zone": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list-zones"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        readonly "anti-affinity-group": {
            /** Format: uuid */
            readonly id?: string;
            readonly name?: string;
            readonly description?: string;
            readonly instances?: readonly components["schemas"]["instance"][];
        };
        readonly "anti-affinity-group-ref": {
            /** Format: uuid */
            readonly id?: string;
        };
        readonly "deploy-target-ref": {
            /** Format: uuid */
            readonly id?: string;
        };
        readonly "domain-name": string;
        readonly "elastic-ip": {
            /** Format: uuid */
            readonly id?: string;
            readonly ip?: string;
            /** @enum {string} */
            readonly addressfamily?: "inet4" | "inet6";
            readonly cidr?: string;
            readonly description?: string;
            readonly healthcheck?: components["schemas"]["elastic-ip-healthcheck"];
            readonly labels?: components["schemas"]["labels"];
        };
        readonly "elastic-ip-healthcheck": {
            /** Format: int64 */
            readonly "strikes-ok"?: number;
            readonly "tls-skip-verify"?: boolean;
            readonly "tls-sni"?: string;
            /** Format: int64 */
            readonly "strikes-fail"?: number;
            /** @enum {string} */
            readonly mode: "tcp" | "http" | "https";
            /** Format: int64 */
            readonly port: number;
            readonly uri?: string;
            /** Format: int64 */
            readonly interval?: number;
            /** Format: int64 */
            readonly timeout?: number;
        };
        readonly "elastic-ip-ref": {
            /** Format: uuid */
            readonly id?: string;
        };
        readonly event: {
            readonly "iam-user"?: components["schemas"]["user"];
            readonly "request-id"?: string;
            readonly "iam-role"?: components["schemas"]["iam-role"];
            readonly zone?: string;
            readonly "get-params"?: Record<string, unknown>;
            readonly "body-params"?: Record<string, unknown>;
            /** Format: int64 */
            readonly status?: number;
            readonly "source-ip"?: string;
            readonly "iam-api-key"?: components["schemas"]["iam-api-key"];
            readonly uri?: string;
            /** Format: int64 */
            readonly "elapsed-ms"?: number;
            /** Format: date-time */
            readonly timestamp?: string;
            readonly "path-params"?: Record<string, unknown>;
            readonly handler?: string;
            readonly message?: string;
        };
        readonly "iam-api-key": {
            readonly name?: string;
            readonly key?: string;
            /** Format: uuid */
            readonly "role-id"?: string;
        };
        readonly "iam-assume-role-policy": {
            readonly rules?: readonly components["schemas"]["iam-service-policy-rule"][];
        };
        readonly "iam-policy": {
            /** @enum {string} */
            readonly "default-service-strategy": "allow" | "deny";
            readonly services: {
                readonly [key: string]: components["schemas"]["iam-service-policy"];
            };
        };
        readonly "iam-role": {
            readonly description?: string;
            readonly labels?: components["schemas"]["labels"];
            readonly permissions?: readonly ("bypass-governance-retention" | "reset-iam-organization-policy")[];
            readonly "assume-role-policy"?: components["schemas"]["iam-assume-role-policy"];
            readonly editable?: boolean;
            readonly name?: string;
            /** Format: int64 */
            readonly "max-session-ttl"?: number;
            readonly policy?: components["schemas"]["iam-policy"];
            /** Format: uuid */
            readonly id?: string;
        };
        readonly "iam-service-policy": {
            /** @enum {string} */
            readonly type?: "rules" | "allow" | "deny";
            readonly rules?: readonly components["schemas"]["iam-service-policy-rule"][];
        };
        readonly "iam-service-policy-rule": {
            /** @enum {string} */
            readonly action?: "allow" | "deny";
            readonly expression?: string;
            readonly resources?: readonly string[];
        };
        readonly instance: {
            readonly "application-consistent-snapshot-enabled"?: boolean;
            readonly "anti-affinity-groups"?: readonly components["schemas"]["anti-affinity-group-ref"][];
            readonly "public-ip-assignment"?: components["schemas"]["public-ip-assignment"];
            readonly labels?: components["schemas"]["labels"];
            readonly "security-groups"?: readonly components["schemas"]["security-group-ref"][];
            readonly "elastic-ips"?: readonly components["schemas"]["elastic-ip-ref"][];
            readonly name?: string;
            readonly "instance-type"?: components["schemas"]["instance-type"];
            readonly "private-networks"?: readonly {
                /** Format: uuid */
                readonly id?: string;
                readonly "mac-address"?: string;
            }[];
            readonly template?: components["schemas"]["template"];
            readonly state?: components["schemas"]["instance-state"];
            readonly "secureboot-enabled"?: boolean;
            readonly "ssh-key"?: components["schemas"]["ssh-key"];
            readonly "user-data"?: string;
            readonly "mac-address"?: string;
            readonly manager?: components["schemas"]["manager"];
            readonly "tpm-enabled"?: boolean;
            readonly "deploy-target"?: components["schemas"]["deploy-target-ref"];
            readonly "ipv6-address"?: string;
            /** Format: uuid */
            readonly id?: string;
            readonly snapshots?: readonly components["schemas"]["snapshot-ref"][];
            /** Format: int64 */
            readonly "disk-size"?: number;
            readonly "disk-encrypted"?: boolean;
            readonly "ssh-keys"?: readonly components["schemas"]["ssh-key"][];
            /** Format: date-time */
            readonly "created-at"?: string;
            /** Format: ipv4 */
            readonly "public-ip"?: string;
        };
        readonly "instance-password": {
            readonly password?: string;
        };
        readonly "instance-ref": {
            /** Format: uuid */
            readonly id?: string;
        };
        /** @enum {string} */
        readonly "instance-state": "expunging" | "starting" | "destroying" | "running" | "stopping" | "stopped" | "migrating" | "error" | "destroyed";
        readonly "instance-type": {
            /** Format: uuid */
            readonly id?: string;
            /** @enum {string} */
            readonly size?: "large" | "huge" | "jumbo" | "medium" | "mega" | "small" | "extra-large" | "titan48c" | "titan" | "micro" | "colossus" | "tiny";
            /** @enum {string} */
            readonly family?: "gpu3" | "gpua30" | "gpu3080ti" | "gpu2" | "gpu" | "memory" | "gpua5000" | "gpub300" | "gpurtx6000pro" | "storage" | "standard" | "colossus" | "cpu";
            /** Format: int64 */
            readonly cpus?: number;
            /** Format: int64 */
            readonly gpus?: number;
            readonly authorized?: boolean;
            /** Format: int64 */
            readonly memory?: number;
            readonly zones?: readonly components["schemas"]["zone-name"][];
        };
        readonly "instance-type-ref": {
            /** Format: uuid */
            readonly id?: string;
        };
        readonly labels: {
            readonly [key: string]: string;
        };
        readonly manager: {
            /** Format: uuid */
            readonly id?: string;
            /** @enum {string} */
            readonly type?: "sks-nodepool" | "instance-pool";
        };
        readonly operation: {
            /** Format: uuid */
            readonly id?: string;
            /** @enum {string} */
            readonly reason?: "incorrect" | "unknown" | "unavailable" | "forbidden" | "busy" | "fault" | "partial" | "not-found" | "interrupted" | "unsupported" | "conflict";
            readonly reference?: {
                /** Format: uuid */
                readonly id?: string;
                readonly link?: string;
                readonly command?: string;
            };
            readonly message?: string;
            /** @enum {string} */
            readonly state?: "failure" | "pending" | "success" | "timeout";
        };
        readonly "private-network": {
            readonly description?: string;
            readonly labels?: components["schemas"]["labels"];
            readonly name?: string;
            /** Format: ipv4 */
            readonly "start-ip"?: string;
            readonly leases?: readonly components["schemas"]["private-network-lease"][];
            /** Format: uuid */
            readonly id?: string;
            /** Format: int64 */
            readonly vni?: number;
            /** Format: ipv4 */
            readonly netmask?: string;
            readonly options?: components["schemas"]["private-network-options"];
            /** Format: ipv4 */
            readonly "end-ip"?: string;
        };
        readonly "private-network-lease": {
            /** Format: ipv4 */
            readonly ip?: string;
            /** Format: uuid */
            readonly "instance-id"?: string;
        };
        readonly "private-network-options": {
            readonly routers?: readonly string[];
            readonly "dns-servers"?: readonly string[];
            readonly "ntp-servers"?: readonly string[];
            readonly "domain-search"?: readonly string[];
        };
        /** @enum {string} */
        readonly "public-ip-assignment": "inet4" | "dual" | "none";
        readonly quota: {
            readonly resource?: string;
            /** Format: int64 */
            readonly usage?: number;
            /** Format: int64 */
            readonly limit?: number;
        };
        readonly "reverse-dns-record": {
            readonly "domain-name"?: components["schemas"]["domain-name"];
        };
        readonly "security-group": {
            /** Format: uuid */
            readonly id?: string;
            readonly name?: string;
            readonly description?: string;
            readonly "external-sources"?: readonly string[];
            readonly rules?: readonly components["schemas"]["security-group-rule"][];
            /** @enum {string} */
            readonly visibility?: "private" | "public";
        };
        readonly "security-group-ref": {
            /** Format: uuid */
            readonly id?: string;
        };
        readonly "security-group-resource": {
            /** Format: uuid */
            readonly id?: string;
            readonly name?: string;
            /** @enum {string} */
            readonly visibility?: "private" | "public";
        };
        readonly "security-group-rule": {
            readonly description?: string;
            /** Format: int64 */
            readonly "start-port"?: number;
            /** @enum {string} */
            readonly protocol?: "tcp" | "esp" | "icmp" | "udp" | "gre" | "ah" | "ipip" | "icmpv6";
            readonly icmp?: {
                /** Format: int64 */
                readonly code?: number;
                /** Format: int64 */
                readonly type?: number;
            };
            /** Format: int64 */
            readonly "end-port"?: number;
            readonly "security-group"?: components["schemas"]["security-group-resource"];
            /** Format: uuid */
            readonly id?: string;
            readonly network?: string;
            /** @enum {string} */
            readonly "flow-direction"?: "ingress" | "egress";
        };
        readonly snapshot: {
            /** Format: uuid */
            readonly id?: string;
            readonly name?: string;
            /** Format: date-time */
            readonly "created-at"?: string;
            /** @enum {string} */
            readonly state?: "snapshotting" | "deleted" | "exporting" | "ready" | "deleting" | "error" | "exported";
            /** Format: int64 */
            readonly size?: number;
            readonly export?: {
                readonly "presigned-url"?: string;
                readonly md5sum?: string;
            };
            readonly instance?: components["schemas"]["instance"];
            readonly "application-consistent"?: boolean;
        };
        readonly "snapshot-ref": {
            /** Format: uuid */
            readonly id?: string;
        };
        readonly "ssh-key": {
            readonly name?: string;
            readonly fingerprint?: string;
        };
        readonly "ssh-key-ref": {
            readonly name?: string;
        };
        readonly template: {
            readonly "application-consistent-snapshot-enabled"?: boolean;
            readonly maintainer?: string;
            readonly description?: string;
            readonly "ssh-key-enabled"?: boolean;
            readonly family?: string;
            readonly name?: string;
            readonly "default-user"?: string;
            /** Format: int64 */
            readonly size?: number;
            readonly "password-enabled"?: boolean;
            readonly build?: string;
            readonly checksum?: string;
            /** @enum {string} */
            readonly "boot-mode"?: "legacy" | "uefi";
            /** Format: uuid */
            readonly id?: string;
            readonly zones?: readonly components["schemas"]["zone-name"][];
            readonly url?: string;
            readonly version?: string;
            /** Format: date-time */
            readonly "created-at"?: string;
            /** @enum {string} */
            readonly visibility?: "private" | "public";
        };
        readonly "template-ref": {
            /** Format: uuid */
            readonly id?: string;
        };
        readonly user: {
            readonly sso?: boolean;
            readonly "two-factor-authentication"?: boolean;
            readonly email: string;
            /** Format: uuid */
            readonly id?: string;
            readonly role: components["schemas"]["iam-role"];
            readonly pending?: boolean;
        };
        readonly zone: {
            readonly name?: components["schemas"]["zone-name"];
            readonly "api-endpoint"?: string;
            readonly "sos-endpoint"?: string;
            /** Format: uuid */
            readonly id?: string;
        };
        readonly "zone-name": string;
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly "list-anti-affinity-groups": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly "anti-affinity-groups"?: readonly components["schemas"]["anti-affinity-group"][];
                    };
                };
            };
        };
    };
    readonly "create-anti-affinity-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name: string;
                    readonly description?: string;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "get-anti-affinity-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["anti-affinity-group"];
                };
            };
        };
    };
    readonly "delete-anti-affinity-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "get-console-proxy-url": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly url?: string;
                        readonly host?: string;
                        readonly path?: string;
                    };
                };
            };
        };
    };
    readonly "list-elastic-ips": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly "elastic-ips"?: readonly components["schemas"]["elastic-ip"][];
                    };
                };
            };
        };
    };
    readonly "create-elastic-ip": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @enum {string} */
                    readonly addressfamily?: "inet4" | "inet6";
                    readonly description?: string;
                    readonly healthcheck?: components["schemas"]["elastic-ip-healthcheck"];
                    readonly labels?: components["schemas"]["labels"];
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "get-elastic-ip": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["elastic-ip"];
                };
            };
        };
    };
    readonly "update-elastic-ip": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly description?: string;
                    readonly healthcheck?: components["schemas"]["elastic-ip-healthcheck"];
                    readonly labels?: components["schemas"]["labels"];
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "delete-elastic-ip": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "reset-elastic-ip-field": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
                readonly field: "description";
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "attach-instance-to-elastic-ip": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly instance: components["schemas"]["instance-ref"];
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "detach-instance-from-elastic-ip": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly instance: components["schemas"]["instance-ref"];
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "list-events": {
        readonly parameters: {
            readonly query?: {
                readonly from?: string;
                readonly to?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["event"][];
                };
            };
        };
    };
    readonly "list-instances": {
        readonly parameters: {
            readonly query?: {
                readonly "manager-id"?: string;
                readonly "manager-type"?: "instance-pool";
                readonly "ip-address"?: string;
                readonly labels?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly instances?: readonly {
                            readonly "public-ip-assignment"?: components["schemas"]["public-ip-assignment"];
                            readonly labels?: components["schemas"]["labels"];
                            readonly "security-groups"?: readonly components["schemas"]["security-group"][];
                            readonly name?: string;
                            readonly "instance-type"?: components["schemas"]["instance-type"];
                            readonly "private-networks"?: readonly {
                                /** Format: uuid */
                                readonly id?: string;
                                readonly "mac-address"?: string;
                            }[];
                            readonly template?: components["schemas"]["template"];
                            readonly state?: components["schemas"]["instance-state"];
                            readonly "ssh-key"?: components["schemas"]["ssh-key"];
                            readonly "mac-address"?: string;
                            readonly manager?: components["schemas"]["manager"];
                            readonly "ipv6-address"?: string;
                            /** Format: uuid */
                            readonly id?: string;
                            readonly "ssh-keys"?: readonly components["schemas"]["ssh-key"][];
                            /** Format: date-time */
                            readonly "created-at"?: string;
                            /** Format: ipv4 */
                            readonly "public-ip"?: string;
                        }[];
                    };
                };
            };
        };
    };
    readonly "create-instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly "application-consistent-snapshot-enabled"?: boolean;
                    readonly "anti-affinity-groups"?: readonly components["schemas"]["anti-affinity-group-ref"][];
                    readonly "public-ip-assignment"?: components["schemas"]["public-ip-assignment"];
                    readonly labels?: components["schemas"]["labels"];
                    readonly "auto-start"?: boolean;
                    readonly "security-groups"?: readonly components["schemas"]["security-group-ref"][];
                    readonly name?: string;
                    readonly "instance-type": components["schemas"]["instance-type-ref"];
                    readonly template: components["schemas"]["template-ref"];
                    readonly "secureboot-enabled"?: boolean;
                    readonly "ssh-key"?: components["schemas"]["ssh-key-ref"];
                    readonly "user-data"?: string;
                    readonly "tpm-enabled"?: boolean;
                    readonly "deploy-target"?: components["schemas"]["deploy-target-ref"];
                    readonly "ipv6-enabled"?: boolean;
                    /** Format: int64 */
                    readonly "disk-size": number;
                    readonly "ssh-keys"?: readonly components["schemas"]["ssh-key-ref"][];
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "list-instance-types": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly "instance-types"?: readonly components["schemas"]["instance-type"][];
                    };
                };
            };
        };
    };
    readonly "get-instance-type": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["instance-type"];
                };
            };
        };
    };
    readonly "get-instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["instance"];
                };
            };
        };
    };
    readonly "update-instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name?: string;
                    readonly "user-data"?: string;
                    readonly "public-ip-assignment"?: components["schemas"]["public-ip-assignment"];
                    readonly labels?: {
                        readonly [key: string]: string;
                    } | null;
                    readonly "application-consistent-snapshot-enabled"?: boolean;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "delete-instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "reset-instance-field": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
                readonly field: "labels";
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "add-instance-protection": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "create-snapshot": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "enable-tpm": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "reveal-instance-password": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["instance-password"];
                };
            };
        };
    };
    readonly "reboot-instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "remove-instance-protection": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "reset-instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly template?: components["schemas"]["template-ref"];
                    /** Format: int64 */
                    readonly "disk-size"?: number;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "reset-instance-password": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "resize-instance-disk": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** Format: int64 */
                    readonly "disk-size": number;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "scale-instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly "instance-type": components["schemas"]["instance-type-ref"];
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "start-instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @enum {string} */
                    readonly "rescue-profile"?: "netboot-efi" | "netboot";
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "stop-instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "revert-instance-to-snapshot": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly "instance-id": string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** Format: uuid */
                    readonly id: string;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "get-operation": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "list-private-networks": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly "private-networks"?: readonly components["schemas"]["private-network"][];
                    };
                };
            };
        };
    };
    readonly "create-private-network": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name: string;
                    readonly description?: string;
                    /** Format: ipv4 */
                    readonly netmask?: string;
                    /** Format: ipv4 */
                    readonly "start-ip"?: string;
                    /** Format: ipv4 */
                    readonly "end-ip"?: string;
                    readonly labels?: components["schemas"]["labels"];
                    readonly options?: components["schemas"]["private-network-options"];
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "get-private-network": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["private-network"];
                };
            };
        };
    };
    readonly "update-private-network": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name?: string;
                    readonly description?: string;
                    /** Format: ipv4 */
                    readonly netmask?: string;
                    /** Format: ipv4 */
                    readonly "start-ip"?: string;
                    /** Format: ipv4 */
                    readonly "end-ip"?: string;
                    readonly labels?: components["schemas"]["labels"];
                    readonly options?: components["schemas"]["private-network-options"];
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "delete-private-network": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "reset-private-network-field": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
                readonly field: "labels";
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "attach-instance-to-private-network": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** Format: ipv4 */
                    readonly ip?: string;
                    readonly instance: {
                        /** Format: uuid */
                        readonly id?: string;
                    };
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "detach-instance-from-private-network": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly instance: components["schemas"]["instance"];
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "update-private-network-instance-ip": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** Format: ipv4 */
                    readonly ip?: string;
                    readonly instance?: {
                        /** Format: uuid */
                        readonly id: string;
                    };
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "list-quotas": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly quotas?: readonly components["schemas"]["quota"][];
                    };
                };
            };
        };
    };
    readonly "get-quota": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly entity: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["quota"];
                };
            };
        };
    };
    readonly "get-reverse-dns-elastic-ip": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["reverse-dns-record"];
                };
            };
        };
    };
    readonly "update-reverse-dns-elastic-ip": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly "domain-name"?: string;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "delete-reverse-dns-elastic-ip": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "get-reverse-dns-instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["reverse-dns-record"];
                };
            };
        };
    };
    readonly "update-reverse-dns-instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly "domain-name"?: string;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "delete-reverse-dns-instance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "list-security-groups": {
        readonly parameters: {
            readonly query?: {
                readonly visibility?: "private" | "public";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly "security-groups"?: readonly components["schemas"]["security-group"][];
                    };
                };
            };
        };
    };
    readonly "create-security-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name: string;
                    readonly description?: string;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "get-security-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["security-group"];
                };
            };
        };
    };
    readonly "delete-security-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "add-rule-to-security-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @enum {string} */
                    readonly "flow-direction": "ingress" | "egress";
                    readonly description?: string;
                    readonly network?: string;
                    readonly "security-group"?: components["schemas"]["security-group-resource"];
                    /** @enum {string} */
                    readonly protocol: "tcp" | "esp" | "icmp" | "udp" | "gre" | "ah" | "ipip" | "icmpv6";
                    readonly icmp?: {
                        /** Format: int64 */
                        readonly code?: number | null;
                        /** Format: int64 */
                        readonly type?: number | null;
                    };
                    /** Format: int64 */
                    readonly "start-port"?: number;
                    /** Format: int64 */
                    readonly "end-port"?: number;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "delete-rule-from-security-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
                readonly "rule-id": string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "add-external-source-to-security-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly cidr: string;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "attach-instance-to-security-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly instance: components["schemas"]["instance"];
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "detach-instance-from-security-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly instance: components["schemas"]["instance"];
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "remove-external-source-from-security-group": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly cidr: string;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "list-snapshots": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly snapshots?: readonly components["schemas"]["snapshot"][];
                    };
                };
            };
        };
    };
    readonly "get-snapshot": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["snapshot"];
                };
            };
        };
    };
    readonly "delete-snapshot": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "export-snapshot": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "promote-snapshot-to-template": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name: string;
                    readonly description?: string;
                    readonly "default-user"?: string;
                    readonly "ssh-key-enabled"?: boolean;
                    readonly "password-enabled"?: boolean;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "list-ssh-keys": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly "ssh-keys"?: readonly components["schemas"]["ssh-key"][];
                    };
                };
            };
        };
    };
    readonly "register-ssh-key": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name: string;
                    readonly "public-key": string;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "get-ssh-key": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ssh-key"];
                };
            };
        };
    };
    readonly "delete-ssh-key": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "list-templates": {
        readonly parameters: {
            readonly query?: {
                readonly visibility?: "private" | "public";
                readonly family?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly templates?: readonly components["schemas"]["template"][];
                    };
                };
            };
        };
    };
    readonly "register-template": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly "application-consistent-snapshot-enabled"?: boolean;
                    readonly maintainer?: string;
                    readonly description?: string;
                    readonly "ssh-key-enabled": boolean;
                    readonly name: string;
                    readonly "default-user"?: string;
                    /** Format: int64 */
                    readonly size?: number;
                    readonly "password-enabled": boolean;
                    readonly build?: string;
                    readonly checksum: string;
                    /** @enum {string} */
                    readonly "boot-mode"?: "legacy" | "uefi";
                    readonly url: string;
                    readonly version?: string;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "get-template": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["template"];
                };
            };
        };
    };
    readonly "update-template": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly name?: string;
                    readonly description?: string;
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "copy-template": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly "target-zone": components["schemas"]["zone"];
                };
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "delete-template": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["operation"];
                };
            };
        };
    };
    readonly "list-zones": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly zones?: readonly components["schemas"]["zone"][];
                    };
                };
            };
        };
    };
}
