// Answers GetProduct with a constant, as fast as a gRPC server does: what every gateway stands in front of.
package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"souk.dev/bench/gateway/gen/catalog"
)

type constant struct {
	catalog.UnimplementedCatalogServiceServer
	product *catalog.Product
}

func (c constant) GetProduct(context.Context, *catalog.GetProductRequest) (*catalog.Product, error) {
	return c.product, nil
}

// Argument: the product, serialized, in hexadecimal; so there is one product for all programs.
func main() {
	raw, err := hex.DecodeString(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	product := &catalog.Product{}
	if err := proto.Unmarshal(raw, product); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	catalog.RegisterCatalogServiceServer(server, constant{product: product})
	fmt.Printf("{\"event\": \"serving\", \"port\": %d}\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(server.Serve(listener))
}
