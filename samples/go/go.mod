module notigateway.example/sample

go 1.19
