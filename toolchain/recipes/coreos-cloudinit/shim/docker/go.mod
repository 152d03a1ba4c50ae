module github.com/dotcloud/docker
