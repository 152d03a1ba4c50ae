// Drives a zone with Exoscale's own Go SDK, through the life of everything a cluster is made of, and exits with the
// first thing that a client of the real API would stumble over.
//
//	EXOSCALE_API_KEY=... EXOSCALE_API_SECRET=... go run . http://127.0.0.1:8180/v2
package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"time"

	v3 "github.com/exoscale/egoscale/v3"
	"github.com/exoscale/egoscale/v3/credentials"
)

var (
	ctx    = context.Background()
	client *v3.Client
)

func main() {
	var err error
	client, err = v3.NewClient(credentials.NewEnvCredentials(), v3.ClientOptWithEndpoint(v3.Endpoint(os.Args[1])))
	must(err)

	endpoint, err := client.GetZoneAPIEndpoint(ctx, "local-1")
	must(err)
	expect(string(endpoint) == os.Args[1], "zone's endpoint is %s", endpoint)

	template := templates()
	must(await(client.RegisterSSHKey(ctx, v3.RegisterSSHKeyRequest{
		Name: "key", PublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOxgQzPXo+s3xiuLmNPcpoiPVNFdMqMjkeBSNqnfaqZ",
	})))
	antiAffinity := reference(client.CreateAntiAffinityGroup(ctx, v3.CreateAntiAffinityGroupRequest{Name: "masters"}))
	group := securityGroup()
	instance := instances(template, antiAffinity, group)
	reverseDNS(instance)
	elasticIP(instance)
	absent()
	refusals(group)

	must(await(client.DeleteInstance(ctx, instance)))
	_, err = client.GetInstance(ctx, instance)
	expect(errors.Is(err, v3.ErrNotFound), "a deleted instance answers %v", err)
	must(await(client.DeleteSecurityGroup(ctx, group)))
	must(await(client.DeleteAntiAffinityGroup(ctx, antiAffinity)))
	must(await(client.DeleteSSHKey(ctx, "key")))
	must(await(client.DeleteTemplate(ctx, template)))
	events, err := client.ListEvents(ctx)
	must(err)
	expect(len(events) > 10, "%d events", len(events))
	fmt.Println("ok")
}

func templates() v3.UUID {
	// Once as a client waits: with the SDK's own loop.
	operation, err := client.RegisterTemplate(ctx, v3.RegisterTemplateRequest{
		Name: "Flatcar", URL: "https://example.com/image", Checksum: "d41d8cd98f00b204e9800998ecf8427e",
		SSHKeyEnabled: v3.Ptr(true), PasswordEnabled: v3.Ptr(false), BootMode: v3.RegisterTemplateRequestBootModeUefi,
	})
	must(err)
	operation, err = client.Wait(ctx, operation, v3.OperationStateSuccess)
	must(err)
	expect(operation.Reference.Command == "get-template", "reference is %v", operation.Reference)
	list, err := client.ListTemplates(ctx, v3.ListTemplatesWithVisibility(v3.ListTemplatesVisibilityPrivate))
	must(err)
	found, err := list.FindTemplate("Flatcar")
	must(err)
	expect(found.ID == operation.Reference.ID && found.Size > 0 && !found.CreatedAT.IsZero(), "template is %+v", found)
	return found.ID
}

func securityGroup() v3.UUID {
	group := reference(client.CreateSecurityGroup(ctx, v3.CreateSecurityGroupRequest{Name: "nodes"}))
	rules := []v3.AddRuleToSecurityGroupRequest{
		{FlowDirection: "ingress", Protocol: "tcp", StartPort: 22, EndPort: 22, Network: "0.0.0.0/0", Description: "ssh"},
		{FlowDirection: "ingress", Protocol: "udp", StartPort: 8472, EndPort: 8472, SecurityGroup: &v3.SecurityGroupResource{ID: group}},
		{FlowDirection: "ingress", Protocol: "icmp", ICMP: &v3.AddRuleToSecurityGroupRequestICMP{Type: v3.Ptr[int64](8), Code: v3.Ptr[int64](0)}, Network: "0.0.0.0/0"},
	}
	for _, rule := range rules {
		expect(reference(client.AddRuleToSecurityGroup(ctx, group, rule)) == group, "a rule's operation does not refer to its group")
	}
	got, err := client.GetSecurityGroup(ctx, group)
	must(err)
	expect(len(got.Rules) == 3 && got.Rules[1].SecurityGroup.ID == group, "rules are %+v", got.Rules)
	must(await(client.DeleteRuleFromSecurityGroup(ctx, group, got.Rules[1].ID)))
	return group
}

func instances(template, antiAffinity, group v3.UUID) v3.UUID {
	types, err := client.ListInstanceTypes(ctx)
	must(err)
	var medium v3.UUID
	for _, t := range types.InstanceTypes {
		if t.Family == "standard" && t.Size == "medium" && *t.Authorized {
			medium = t.ID
		}
	}
	id := reference(client.CreateInstance(ctx, v3.CreateInstanceRequest{
		Name: "master-1", DiskSize: 50, InstanceType: &v3.InstanceType{ID: medium}, Template: &v3.Template{ID: template},
		AutoStart: v3.Ptr(false), SSHKeys: []v3.SSHKey{{Name: "key"}}, Labels: v3.Labels{"role": "master"},
		SecurityGroups: []v3.SecurityGroup{{ID: group}}, AntiAffinityGroups: []v3.AntiAffinityGroup{{ID: antiAffinity}},
	}))
	userData := base64.StdEncoding.EncodeToString([]byte("#cloud-config\n"))
	must(await(client.UpdateInstance(ctx, id, v3.UpdateInstanceRequest{UserData: userData, Labels: v3.Labels{"role": "master"}})))
	must(await(client.StartInstance(ctx, id, v3.StartInstanceRequest{})))
	must(await(client.RebootInstance(ctx, id)))
	must(await(client.StopInstance(ctx, id)))
	must(await(client.ResizeInstanceDisk(ctx, id, v3.ResizeInstanceDiskRequest{DiskSize: 60})))
	must(await(client.ScaleInstance(ctx, id, v3.ScaleInstanceRequest{InstanceType: &v3.InstanceType{ID: medium}})))
	must(await(client.StartInstance(ctx, id, v3.StartInstanceRequest{})))

	got, err := client.GetInstance(ctx, id)
	must(err)
	expect(got.State == v3.InstanceStateRunning && got.UserData == userData && got.DiskSize == 60, "instance is %+v", got)
	expect(got.PublicIP != nil && got.InstanceType.Size == "medium" && got.Template.ID == template, "instance is %+v", got)
	list, err := client.ListInstances(ctx, v3.ListInstancesWithLabels("role=master"), v3.ListInstancesWithIPAddress(got.PublicIP.String()))
	must(err)
	found, err := list.FindListInstancesResponseInstances("master-1")
	must(err)
	expect(found.ID == id, "the list has %+v", list)
	return id
}

func elasticIP(instance v3.UUID) {
	id := reference(client.CreateElasticIP(ctx, v3.CreateElasticIPRequest{
		Description: "api", Labels: v3.Labels{"a": "b"},
		Healthcheck: &v3.ElasticIPHealthcheck{Mode: "https", Port: 6443, URI: "/readyz", TlsSkipVerify: v3.Ptr(true)},
	}))
	target := &v3.InstanceTarget{ID: instance}
	must(await(client.AttachInstanceToElasticIP(ctx, id, v3.AttachInstanceToElasticIPRequest{Instance: target})))
	_, err := client.DeleteElasticIP(ctx, id)
	expect(err != nil, "an elastic IP in use was deleted")
	must(await(client.DetachInstanceFromElasticIP(ctx, id, v3.DetachInstanceFromElasticIPRequest{Instance: target})))
	got, err := client.GetElasticIP(ctx, id)
	must(err)
	expect(got.IP != "" && got.Healthcheck.Interval == 10, "elastic IP is %+v", got)
	must(await(client.UpdateReverseDNSElasticIP(ctx, id, v3.UpdateReverseDNSElasticIPRequest{DomainName: "api.example.org"})))
	record, err := client.GetReverseDNSElasticIP(ctx, id)
	must(err)
	expect(record.DomainName == "api.example.org.", "reverse DNS is %+v", record)
	must(await(client.DeleteReverseDNSElasticIP(ctx, id)))
	must(await(client.DeleteElasticIP(ctx, id)))
}

func reverseDNS(instance v3.UUID) {
	_, err := client.GetReverseDNSInstance(ctx, instance)
	expect(errors.Is(err, v3.ErrNotFound), "no reverse DNS answers %v", err)
	must(await(client.UpdateReverseDNSInstance(ctx, instance, v3.UpdateReverseDNSInstanceRequest{DomainName: "master-1.example.org"})))
	record, err := client.GetReverseDNSInstance(ctx, instance)
	must(err)
	expect(record.DomainName == "master-1.example.org.", "reverse DNS is %+v", record)
	must(await(client.DeleteReverseDNSInstance(ctx, instance)))
	_, err = client.DeleteReverseDNSInstance(ctx, instance)
	expect(errors.Is(err, v3.ErrNotFound), "deleted reverse DNS answers %v", err)
}

// absent asks for resources that the zone has none of.
func absent() {
	pools, err := client.ListInstancePools(ctx)
	must(err)
	balancers, err := client.ListLoadBalancers(ctx)
	must(err)
	volumes, err := client.ListBlockStorageVolumes(ctx)
	must(err)
	clusters, err := client.ListSKSClusters(ctx)
	must(err)
	databases, err := client.ListDBAASServices(ctx)
	must(err)
	// Empty, and not missing: the SDK leaves a list nil that is not in the answer.
	expect(pools.InstancePools != nil && balancers.LoadBalancers != nil && volumes.BlockStorageVolumes != nil, "lists are missing")
	expect(clusters.SKSClusters != nil && databases.DBAASServices != nil, "lists are missing")
	_, err = balancers.FindLoadBalancer("api")
	expect(errors.Is(err, v3.ErrNotFound), "a load balancer by name answers %v", err)
	_, err = client.GetLoadBalancer(ctx, "00000000-0000-0000-0000-000000000000")
	expect(errors.Is(err, v3.ErrNotFound), "a load balancer by id answers %v", err)
}

func refusals(group v3.UUID) {
	_, err := client.CreateSecurityGroup(ctx, v3.CreateSecurityGroupRequest{Name: "nodes"})
	expect(errors.Is(err, v3.ErrConflict), "a name in use answers %v", err)
	_, err = client.DeleteSecurityGroup(ctx, group)
	expect(errors.Is(err, v3.ErrConflict), "a group in use answers %v", err)
	_, err = client.CreateLoadBalancer(ctx, v3.CreateLoadBalancerRequest{Name: "api"})
	expect(errors.Is(err, v3.ErrNotImplemented), "a missing route answers %v", err)
	stranger, err := v3.NewClient(credentials.NewStaticCredentials("EXOwrong", "wrong"), v3.ClientOptWithEndpoint(v3.Endpoint(os.Args[1])))
	must(err)
	_, err = stranger.ListInstances(ctx)
	expect(errors.Is(err, v3.ErrForbidden), "a stranger is answered %v", err)
}

// await waits for an operation, more often than the SDK's every three seconds.
func await(operation *v3.Operation, err error) error {
	for err == nil && operation.State == v3.OperationStatePending {
		time.Sleep(5 * time.Millisecond)
		operation, err = client.GetOperation(ctx, operation.ID)
	}
	if err == nil && operation.State != v3.OperationStateSuccess {
		err = fmt.Errorf("operation %s: %s: %s", operation.State, operation.Reason, operation.Message)
	}
	return err
}

func reference(operation *v3.Operation, err error) v3.UUID {
	must(await(operation, err))
	return operation.Reference.ID
}

func must(err error) { expect(err == nil, "%v", err) }

func expect(ok bool, format string, args ...any) {
	if !ok {
		panic(fmt.Sprintf(format, args...))
	}
}
