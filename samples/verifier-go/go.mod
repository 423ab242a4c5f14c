module notigateway.example/verifier

go 1.22
