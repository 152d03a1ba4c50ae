export const NODE_PORT = 30081;
/** `minAvailable` of the PodDisruptionBudget below, of three pods. */
export const BUDGET = 2;

/** Manifests of a small web server for `startReader`. @param image An image with busybox. */
export const served = (image: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: served}
spec:
  replicas: 3
  selector: {matchLabels: {app: served}}
  template:
    metadata: {labels: {app: served}}
    spec:
      terminationGracePeriodSeconds: 10
      topologySpreadConstraints:
        - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: served}}}
      containers:
        - name: httpd
          image: ${image}
          command: [sh, -c, 'mkdir /www && hostname > /www/index.html && exec busybox httpd -f -p 8080 -h /www']
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
          # Serves clients until every node has removed this endpoint.
          lifecycle: {preStop: {exec: {command: [sleep, "3"]}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: served}
spec: {minAvailable: ${BUDGET}, selector: {matchLabels: {app: served}}}
---
apiVersion: v1
kind: Service
metadata: {name: served}
spec: {type: NodePort, selector: {app: served}, ports: [{port: 80, targetPort: 8080, nodePort: ${NODE_PORT}}]}
`;
